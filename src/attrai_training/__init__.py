"""Training of the scorer's weights: rated photos in, a weights file out.

teachers       what face networks have in common; dlib_network and mobilenet are two of them
synthetic      generated faces of people who don't exist
net2net        initialises a ResNet34 from dlib's network
distillation   trains the ResNet34 to describe faces as both teachers do
pseudo_labels  predicts ratings of faces from what the teachers see in them
targets        the training set: ratings, pseudo labels and unrated faces
finetuning     trains the ResNet34 on ratings
folds          cross-validation folds that never split a person
evaluation     how well scores agree with ratings
trainer        all of it, from files to files
"""
