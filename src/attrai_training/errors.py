"""What makes a training or an evaluation impossible; each message is one line that says why."""


class LabelsError(Exception):
    """Labelled photos are unusable as a whole."""


class UnusableTeacher(Exception):
    """The file of a teacher network is missing or holds another network."""
