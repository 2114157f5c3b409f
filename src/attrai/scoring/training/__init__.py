"""How the scorer's weights are made: photos and ratings in, a weights file out.

teacher       dlib's face network
growing       a ResNet34 out of it
distillation  the ResNet34 learns faces from it
fitting       the ResNet34 learns ratings from labelled photos
folds         fits again and again, each time judged on photos it has not seen
"""
