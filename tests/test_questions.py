"""A question that is asked outside its lesson is complete, and gives nothing away.

The answers are computed a second time, with PyTorch, from the question's text.
"""

import ast
import builtins
import math
import re
import warnings
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from softmax_lessons.checker.guess import as_shape
from softmax_lessons.checker.question import Question
from softmax_lessons.lessons import tasks
from softmax_lessons.lessons.other_numbers import WORDS

QUESTIONS = {name: task for name, task in tasks().items() if isinstance(task, Question)}
REPEATABLE = {name: question for name, question in QUESTIONS.items() if question.again}
GIVEN = {"torch": torch, "F": F, "nn": nn, "math": math}
INF = math.inf

# words that refer to something that isn't there outside the lesson
POINTERS = re.compile(
    r"\b(above|below|cell|figure|picture|plot|chart|slide|lesson|notebook|exercise|earlier"
    r"|previous(ly)?|the next|as before,)\b",
    re.IGNORECASE,
)


def block_of(asks):
    """Return the indented lines of code."""
    return "".join(f"{line[4:]}\n" for line in asks.splitlines() if line.startswith("    "))


def prose_of(asks):
    return "\n".join(line for line in asks.splitlines() if not line.startswith("    "))


def stands_in(word, text):
    return re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", text, re.IGNORECASE)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_short_and_refers_to_nothing_around_it(name):
    asks = QUESTIONS[name].asks
    assert asks.endswith("?")
    assert not POINTERS.search(asks)
    assert len(prose_of(asks).split()) <= 66
    assert len(block_of(asks).splitlines()) <= 6
    assert max(map(len, block_of(asks).splitlines()), default=0) <= 80


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_does_not_contain_its_answer_unless_it_contains_every_choice(name):
    question = QUESTIONS[name]
    choices = question.choices
    if not choices and isinstance(question.answer, tuple):
        assert str(question.answer) not in question.asks
    elif not choices and (question.answer % 1 or abs(question.answer) > 9):
        choices = [f"{number:g}" for number in (question.answer, *question.wrong)]
    answer = str(question.answer) if question.choices else f"{question.answer}"
    if choices and stands_in(answer, question.asks):
        assert all(stands_in(choice, question.asks) for choice in choices), choices


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_code_in_a_question_uses_only_what_it_defines(name):
    asks = QUESTIONS[name].asks
    for code in re.findall(r"`([^`]+)`", asks):
        ast.parse(code)
    tree = ast.parse(block_of(asks))
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    defined = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            defined |= {node.name, *(argument.arg for argument in node.args.args)}
    assert {node.id for node in names} <= defined | GIVEN.keys() | set(dir(builtins))


def sums(probs):
    return probs.sum(dim=1)


def is_softmax(probs, x):
    return torch.allclose(probs, torch.softmax(x, dim=1))


# from what the code in a question defines to the answer
SHOWN = {
    "row_sums": lambda probs, **_: "less than 1" if (sums(probs) < 0.99).all() else "?",
    "square_sums": lambda probs, **_: "more than 1" if sums(probs)[2] > 1.01 else "?",
    "bare_max": lambda x, probs, **_: (
        f"sums {'right' if torch.allclose(sums(probs), torch.ones(3)) else 'wrong'}, "
        f"probabilities {'right' if is_softmax(probs, x) else 'wrong'}"
    ),
    "row_afterwards": lambda row, **_: "as before" if row.tolist() == [1, 2, 3] else "changed",
    "one_maximum": lambda probs, **_: "nan" if probs[0].isnan().all() else "?",
    "column_maxima": lambda x, probs, **_: "right" if is_softmax(probs, x) else "wrong",
    "helped_in_bfloat16": lambda x, helped, alone, **_: ("better", "equal", "worse")[
        1 + (off(helped, x) > off(alone, x)) - (off(helped, x) < off(alone, x))
    ],
    "eps_gradient": lambda gradient, **_: "zero" if (gradient == 0).all() else "?",
    "one_hot_of_impossible": lambda loss, **_: str(loss.item()),
    "nan_losses": lambda losses, **_: losses.isnan().sum().item(),
    "kept_at_p_1": lambda keep, **_: keep.sum().item(),
    "masked_entropy": lambda entropy, **_: str(entropy.item()),
    "masked_after": lambda probs, **_: "nan" if probs[:2].isnan().all() else "?",
    "many_classes": lambda probs, **_: "zeros" if (probs == 0).all() else "?",
    "masked_first_piece": lambda total, **_: str(total.item()),
    "unkept_sums": lambda sums, **_: "ones" if torch.allclose(sums, torch.ones(3)) else "off",
}


def off(probs, x):
    return (probs.double() - torch.softmax(x.double(), dim=0)).abs().max().item()


@pytest.mark.parametrize("name", [name for name, q in QUESTIONS.items() if block_of(q.asks)])
def test_the_code_in_a_question_does_what_the_answer_says(name):
    if name in REPEATABLE:
        assert name in BY_HAND
        return
    defined = dict(GIVEN)
    exec(block_of(QUESTIONS[name].asks), defined)
    assert SHOWN[name](**defined) == QUESTIONS[name].answer


# --- with other numbers ---------------------------------------------------------------------------


def numbers_in(text):
    """Return the numbers in a text, also those in words: "50,257", "1/2", "1e8", "two"."""
    number = r"(?<![\w.])-?\d+(?:,\d{3}\b)*(?:\.\d+)?(?:e-?\d+)?(?:/\d+)?"
    found = re.findall(
        rf"{number}|\b(?:{'|'.join(WORDS)})\b", text.replace("x -", "x minus "), re.I
    )
    words = dict(zip(WORDS, range(len(WORDS)), strict=True))
    plain = (each.lower().replace(",", "") for each in found)
    return [
        words[each] if each in words else float(Fraction(each) if "/" in each else each)
        for each in plain
    ]


def tensor(numbers):
    return torch.as_tensor(numbers, dtype=torch.float64)


def naive(numbers, dtype=torch.float32):
    exps = torch.tensor(numbers, dtype=dtype).exp()
    return exps / exps.sum()


def gradient_of(loss_of, numbers):
    x = tensor(numbers).clone().requires_grad_()
    return torch.autograd.grad(loss_of(x), x)[0]


def shapes_in(text):
    return [as_shape(shape) for shape in re.findall(r"\([\d, ]+,\d*[\d, ]*\)", text)]


def lists_in(text):
    return [ast.literal_eval(found) for found in re.findall(r"\[[-\d., ]+\]", text)]


def lowest_loss(target):
    """Return the lowest cross-entropy with soft targets, which is their entropy."""
    return F.cross_entropy(target.log()[None], target[None])


def kept(probs, p):
    probs = tensor(probs).sort(descending=True).values
    return (probs.cumsum(0) - probs < p - 1e-9).sum()


def runs(code):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a dim that F.softmax chose
            exec(code, dict(GIVEN))
    except (TypeError, RuntimeError):
        return False
    return True


def which_runs(n, text):
    (right,) = [i for i, line in enumerate(block_of(text).splitlines(), start=1) if runs(line)]
    return right


def which_is_right(n, text):
    x = torch.rand(10, 10)
    for i, (exps, divisor) in enumerate(zip(*[iter(shapes_in(text))] * 2, strict=True), start=1):
        if exps[0] != divisor[0]:
            raise AssertionError(text)
        block = x[: exps[0], : exps[1]]
        try:
            probs = block / block.sum(dim=1).reshape(divisor)
        except RuntimeError:
            continue
        if torch.allclose(probs.sum(dim=1), torch.ones(len(probs))):
            return i
    return None


def which_head(n, text):
    """Tell the curves apart by their start, and b from c by the loss of a confident model."""
    first, *heads = block_of(text).splitlines()
    defined = dict(GIVEN)
    exec(first, defined)
    starts = [eval(head, dict(defined)).item() for head in heads]
    sure = {**defined, "z": 20 * F.one_hot(defined["t"]).float()}
    ends = [eval(head, dict(sure)).item() for head in heads]
    order = []
    for start in (5.30, (2.30, True), (2.30, False), 0.23, -0.10):
        start, stuck = start if isinstance(start, tuple) else (start, None)
        (head,) = [
            i for i in range(5) if abs(starts[i] - start) < 0.01 and stuck in (None, ends[i] > 1)
        ]
        order.append(head + 1)
    return tuple(order)


def weighted_divisor(n, text):
    targets = torch.tensor(numbers_in(text[: text.index(", and a")])).long()
    weights = tensor([float(weight) for weight in re.findall(r"has weight (\d+)", text)])
    logits = torch.zeros(len(targets), len(weights), dtype=torch.float64)
    total = F.cross_entropy(logits, targets, weights, reduction="sum")
    return total / F.cross_entropy(logits, targets, weights)


def moves(before, after, words=("falls", "stays", "rises")):
    return words[1 + (after > before + 1e-9).item() - (after < before - 1e-9).item()]


def dog_when_cat_moves(n, text):
    x = tensor(n[:3])
    step = tensor([0.01 if "raise the" in text else -0.01, 0, 0])
    return moves(x.softmax(0)[1], (x + step).softmax(0)[1])


def zeroed(n, text):
    before, after = tensor(n[:4]).softmax(0)[3], tensor([*n[:3], 0]).softmax(0)[3]
    return moves(before, after, ("less", "same", "more"))


def other_temperature(n, text):
    x = tensor(n[:3])
    before, after = x.softmax(0).max(), (x / n[-1]).softmax(0).max()
    return moves(before, after, ("flatter", "same", "sharper"))


def fitted_confidence(n, text):
    _two, says, right, answers = n
    z = math.log(says / (1 - says)) / torch.logspace(-3, 3, 20001, dtype=torch.float64)
    losses = right * F.softplus(-z) + (answers - right) * F.softplus(z)
    return torch.sigmoid(z[losses.argmin()])


def at_higher_temperature(n, text):
    teacher, student, sizes = tensor([3, 1, -2]), tensor([1, 0, -1]), []
    for t in (1000, 1000 * n[0]):
        sizes.append((((student / t).softmax(0) - (teacher / t).softmax(0)) / t).norm())
    return sizes[1] / sizes[0]


def copies(n, text):
    logit = n[1]
    words = torch.tensor([0, 1, 2, 0, 1, 2])
    logits = logit * F.one_hot(words).double()
    shifted = "word t + 1, as it should" in text
    loss = F.cross_entropy(logits[:-1], words[1:]) if shifted else F.cross_entropy(logits, words)
    return f"near {round(loss.item())}"


def corpus_perplexity(n, text):
    *probs, _perplexity, _one, last, _other = n[1:]
    return (-tensor([*probs, last]).log().mean()).exp()


def float_mask(n, text):
    query, keys, mask = torch.zeros(1, 3), torch.zeros(2, 3), torch.tensor([n[1:3]])
    return F.scaled_dot_product_attention(query, keys, torch.eye(2), attn_mask=mask)[0, 0]


def padding_rank(n, text):
    query, of_text = (
        ("first", "second", "third").index(word)
        for word in re.search(r"the (\w+) query of the (\w+) text", text).groups()
    )
    real = torch.arange(3) < torch.tensor(n[2:5])[:, None]
    x, identities = torch.zeros(3, 3, 4), torch.eye(3).expand(3, 3, 3)
    weights = F.scaled_dot_product_attention(x, x, identities, attn_mask=real)
    return (weights[of_text, query] > 0).sum()


def stalled(n, text):
    total = torch.tensor(0, dtype=torch.bfloat16)
    for _ in range(int(n[1])):
        total = total + n[0]
    return total


def sum_of_two(n, text):
    pieces = torch.cat([tensor(piece) for piece in lists_in(text)])
    return (pieces - pieces.max()).exp().sum()


def below_zero(n, text):
    rows, classes = int(n[0]), int(n[1])
    x = torch.zeros(rows, classes, requires_grad=True)
    loss = F.cross_entropy(x, torch.arange(rows) % classes)
    return (torch.autograd.grad(loss, x)[0] < 0).sum()


def simplest_overflow(n, text):
    dtype = getattr(torch, re.search(r"float\d+", text)[0])
    return next(x for x in range(1000) if naive([x], dtype).sum() != 1)


def ring(n, text):
    """Send the pieces around twice, and count the bytes that one process sends."""
    processes, message = int(n[0]), n[1]
    return sum(message / processes for _round in range(2) for _step in range(processes - 1))


def halvings(n, text):
    """Count one for each binary digit that is settled, from the first halving on."""
    dtype = getattr(torch, re.search(r"float\d+", text)[0])
    x = torch.linspace(1, n[1], 200_000, dtype=torch.float64)
    largest = x[x.to(dtype).exp().isfinite()].max()
    gap = torch.finfo(dtype).eps * 2 ** math.floor(math.log2(largest))
    return math.log2(n[1] / gap)


# from the numbers in a question's text, and the text itself, to the answer
BY_HAND = {
    "first_prediction": lambda n, _: ("cat", "dog", "owl")[tensor(n[1:4]).softmax(0).argmax()],
    "cat_share": lambda n, _: tensor(n[:3]).softmax(0)[0],
    "sigmoid_of": lambda n, _: torch.logit(tensor(n[1:3]).softmax(0)[1]),
    "shape_of_sum": lambda n, _: tuple(torch.zeros([*map(int, n[:3])]).sum(int(n[3])).shape),
    "which_runs": which_runs,
    "which_is_right": which_is_right,
    "shape_kept": lambda n, _: tuple(
        torch.zeros([*map(int, n[:-1])]).sum(dim=int(n[-1]), keepdim=True).shape
    ),
    "the_wall": lambda n, _: math.log(n[0]) + n[2] * math.log(n[1]),
    "argmax_of_nan": lambda n, text: naive(*lists_in(text)).argmax(),
    "logits_of_80": lambda n, _: n[2] / n[1],
    "halvings": halvings,
    "huge_equal_logits": lambda n, _: (lambda x: x.logsumexp(0) - x[0])(
        torch.full((int(n[0]),), n[1])
    ),
    "which_head": which_head,
    "loss_floor": lambda n, _: F.cross_entropy(torch.eye(int(n[0])), torch.arange(int(n[0]))),
    "padded_mean": lambda n, _: tensor(n[3:-1]).mean(),
    "ignored_class": lambda n, _: F.cross_entropy(
        tensor([n[:3]]), torch.tensor([1]), ignore_index=0
    ),
    "weighted_divisor": weighted_divisor,
    "whole_batch": lambda n, _: tensor([n[2]] * int(n[1]) + [n[4]]).mean(),
    "smoothing_floor": lambda n, _: lowest_loss(tensor([n[2]] + [n[3]] * (int(n[0]) - 1))),
    "two_labels": lambda n, _: lowest_loss(tensor([n[2]] * int(n[0]))),
    "dog_when_cat_rises": dog_when_cat_moves,
    "logits_with_a_gradient": lambda n, _: gradient_of(
        lambda x: x.softmax(0)[:2].sum(), range(int(n[0]))
    ).count_nonzero(),
    "gradient_by_hand": lambda n, _: gradient_of(
        lambda x: x.softmax(0) @ tensor(n[3:6]), tensor(n[:3]).log()
    )[0],
    "loss_gradient_of_cat": lambda n, _: gradient_of(
        lambda x: -x.log_softmax(0)[0], [math.log(n[0]), math.log(1 - n[0])]
    )[0],
    "half_temperature": other_temperature,
    "temperature_after": lambda n, _: (tensor([2, 1, 0.1]).softmax(0) / n[0]).sum(),
    "confidence_that_fits": fitted_confidence,
    "gradient_at_double_t": at_higher_temperature,
    "hundred_draws": lambda n, _: (n[0] * (1 - n[0]) / n[-1]) ** 0.5,
    "categorical_positional": lambda n, _: torch.distributions.Categorical(tensor(n[:3])).probs[0],
    "zeroed_logits": zeroed,
    "nucleus_size": lambda n, _: kept(n[:-1], n[-1]),
    "kept_after_top_k": lambda n, _: kept(tensor(n[: int(n[-2])]) / sum(n[: int(n[-2])]), n[-1]),
    "three_words": lambda n, _: tensor(n[1:]).prod(),
    "copy_not_shifted": copies,
    "entries_picked": lambda n, _: torch.zeros(int(n[0]), int(n[1]))[
        :, torch.tensor(n[2:]).long()
    ].numel(),
    "corpus_perplexity": corpus_perplexity,
    "float_mask": float_mask,
    "padding_rank": padding_rank,
    "capped_mask": lambda n, _: n[-1] * torch.tanh(tensor(-INF) / n[-1]),
    "steps_of_bfloat16": lambda n, _: n[1] / 2 ** (n[0] - n[-1]),
    "thousand_ones": stalled,
    "losses_in_bfloat16": lambda n, _: len(set(torch.tensor(n[:5]).bfloat16().tolist())),
    "sum_after_thousand": sum_of_two,
    "chunk_in_mb": lambda n, _: n[0] * n[1] * n[3] * 4 / 1e6,
    "chunks_visited": lambda n, _: 2 * n[0],
    "two_shards_sum": lambda n, _: n[0],
    "bytes_sent": ring,
    "gathered_already": lambda n, _: math.log(n[0]),
    "gradients_below_zero": below_zero,
    "logits_in_gib": lambda n, _: n[0] * n[1] * 4 / 2**30,
    "simplest_overflow": simplest_overflow,
}


def test_many_questions_can_be_asked_with_different_numbers():
    assert len(REPEATABLE) >= 45
    assert REPEATABLE.keys() == BY_HAND.keys()


@pytest.mark.parametrize("name", REPEATABLE)
def test_different_numbers_give_different_answers_and_the_same_mistakes(name):
    question, answers, texts = REPEATABLE[name], set(), set()
    slugs = sorted(slug for slug, _ in question.wrong.values())
    for seed in range(50):
        other = question.again(Random(seed))
        assert other == question.again(Random(seed)), seed
        assert other.within == question.within
        assert sorted(slug for slug, _ in other.wrong.values()) == slugs, seed
        assert other.at_once(name, other.answer).passed
        for guess, (slug, says) in other.wrong.items():
            verdict = other.at_once(name, guess)
            assert verdict.misconceptions == (slug,), (seed, guess)
            assert says.endswith((".", "?"))
        answers.add(other.answer)
        texts.add(other.asks)
    assert len(answers) > 1
    assert len(texts) > 1
    assert question.asks not in texts


@pytest.mark.parametrize("name", REPEATABLE)
def test_the_text_has_everything_needed_for_the_answer(name):
    question = REPEATABLE[name]
    for asked in (question, *(question.again(Random(seed)) for seed in range(20))):
        answer = BY_HAND[name](numbers_in(asked.asks), asked.asks)
        answer = answer.item() if isinstance(answer, torch.Tensor) else answer
        if isinstance(answer, (int, float)):
            answer = pytest.approx(answer, rel=max(asked.within, 1e-6), abs=5e-5)
        assert asked.answer == answer, asked.asks


# --- with probabilities ---------------------------------------------------------------------------

SOURCES = sorted((Path(__file__).parents[1] / "notebooks" / "source").glob("*.md"))
SURE = re.compile(r'^predict\("(\w+)", \.\.\.\)  # .*\n# or how sure you are of each: (.*)$', re.M)


def examples_of(source):
    found = SURE.findall(source.read_text(encoding="utf-8"))
    return {name: ast.literal_eval(chances) for name, chances in found}


@pytest.mark.parametrize("source", SOURCES[:17], ids=lambda path: path.stem)
def test_two_questions_in_each_lesson_show_how_to_say_how_sure_you_are(source):
    examples = examples_of(source)
    assert len(examples) >= 2
    for name, chances in examples.items():
        assert sorted(chances) == sorted(QUESTIONS[name].choices)
        assert sum(chances.values()) == pytest.approx(1)
        assert QUESTIONS[name].at_once(name, chances).status in ("right", "wrong")


def test_the_examples_do_not_give_the_answers_away():
    examples = {name: each for source in SOURCES for name, each in examples_of(source).items()}
    right = [QUESTIONS[name].at_once(name, each).passed for name, each in examples.items()]
    assert 0.35 < sum(right) / len(right) < 0.65
