"""The five stages of the chain, one dramatiq actor and one queue each, thin by rule.

A stage's `work` reads what it needs, calls one pure function, writes, and returns the job
with what it found. `stage.py` does what they have in common: it reads the message, measures,
answers failures and publishes the job for the next stage.
"""
