"""The predictions of lesson 00."""

from softmax_lessons.checker.question import Question
from softmax_lessons.lessons.other_numbers import with_other_numbers

ANIMALS = ("cat", "dog", "owl")


def _largest_probability(scores: list[int]) -> Question:
    answer = ANIMALS[scores.index(max(scores))]
    shown = ", ".join(
        f"{score} for {animal}" for animal, score in zip(ANIMALS, scores, strict=True)
    )
    return Question(
        answer,
        {
            animal: ("order-changes", "Softmax keeps the order of the scores.")
            for animal in ANIMALS
            if animal != answer
        },
        asks=(
            f"A model looks at a photo and returns three scores: {shown}. "
            "Softmax turns the scores into probabilities. Which animal gets the largest one?"
        ),
    )


QUESTIONS = {
    "first_prediction": with_other_numbers(
        _largest_probability, ([3, 1, -1],), lambda random: (random.sample(range(-5, 6), 3),)
    ),
    "rising_owl": Question(
        "falls",
        {
            "stays": ("one-score-one-class", "They share a total of 1, and the owl's share grows."),
            "rises": ("rises-together", "The cat's score hasn't changed, but the owl takes more."),
        },
        asks=(
            "A model's scores are 3 for cat, 1 for dog and -1 for owl, and softmax turns them into "
            "probabilities. The owl's score rises to 3, as high as the cat's. "
            "Does the cat's probability fall, stay the same or rise?"
        ),
    ),
}
