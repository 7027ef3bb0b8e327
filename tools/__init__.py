"""For those who run the course or work on it; a learner needs none of this."""
