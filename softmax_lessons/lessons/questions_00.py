"""The prediction of lesson 00."""

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
}
