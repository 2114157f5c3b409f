"""Errors that stop a training or an evaluation; each message is one line that gives the reason."""


class LabelsError(Exception):
    """The labelled photos can't be used at all."""


class UnusableTeacher(Exception):
    """The file of a teacher network is missing or holds another network."""
