"""How the scorer's weights are made: photos and ratings in, a weights file out.

teacher       dlib's face network
mobilenet     another one
invented      faces of people who don't exist
growing       a ResNet34 out of dlib's network
distillation  it learns from both networks how to see faces
teacher_targets      what ratings would be, of faces that nobody has rated too
fitting       the ResNet34 learns them
folds         trains again and again, each time judged on photos it has not seen
"""
