"""Training of the scorer's weights: rated photos in, a weights file out.

synthetic      draws faces of people who don't exist
views          augmented faces and blends, which everything is learnt from
teachers       face networks; dlib_network and faceres are two of them
description    what teachers see in faces
dataset        collections of faces, with what the teachers see in them and their views
targets        distributions over the ratings, from ratings and from similar faces
course         what a network learns when some people stay unseen
network        the ResNet34 of the service, in training; net2net initialises it
student        what is learnt of each view; loop is the training loop
calibration    the mean and spread of scores
trainer        all of it, from files to files
evaluation     how well scores agree with ratings
"""
