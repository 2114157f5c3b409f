"""The five Dramatiq actors: ingest, detect, score, render, deliver, each with a queue of its name.

An actor is thin: it reads, calls one function of a package that knows no queue, writes, and
returns the job with what it found. `stage.py` is what the five have in common: it reads the
message, measures, retries, and publishes the job to the next stage.
"""
