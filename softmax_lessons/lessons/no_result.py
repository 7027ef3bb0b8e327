"""Mistakes of any exercise that leave no result: an error, or something else than a tensor.

The words of errors are Python's, NumPy's and PyTorch's, of all versions that the course runs with.
What may also be the consequence of a mistake that has its own name is a symptom, so that
the name is looked for first; the others are told as soon as they are seen.
"""

import re
from collections.abc import Callable

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.misconception import Misconception


def is_a(*kinds: str) -> Callable[[Probe, Outcome], bool]:
    """Return the symptom of a result of another type; `Outcome.kind` is its name."""
    return lambda probe, outcome: outcome.kind in kinds


def raises(words: str) -> Callable[[Probe, Outcome], bool]:
    """Return the symptom of an error whose text has these words, a regular expression."""
    return lambda probe, outcome: bool(outcome.error and re.search(words, outcome.error))


# Python says what it was, in a TypeError or an AttributeError
UNCALLED = r"'(builtin_function_or_method|method|function|method_descriptor|type|builtin_method)'"
SEVERAL = r"'(list|tuple|generator|map|dict|set|range|zip|filter)'"
# before PyTorch 2.9 this is all it says of most arguments that don't fit
GOT = r"invalid combination of arguments - got \("
# what NumPy, math and PyTorch call without a prefix nowhere
TORCHS = "exp|log|softmax|log_softmax|logsumexp|amax|amin|mean|sqrt|where|stack|zeros|ones|arange"

NO_RESULT = (
    Misconception(
        slug="returns-none",
        says="Your function computes something but returns None.",
        hints=(
            "Look at the last line of the function. What does it hand to the caller?",
            "`print` only shows a value; `return` hands it to the caller.",
            "End the function with `return` and the name of your result.",
        ),
        symptom=is_a("NoneType"),
    ),
    Misconception(
        slug="returns-list",
        says="Your function returns a Python list or tuple, not a tensor.",
        hints=(
            "The next layer of a model needs a tensor. Can you do the whole computation on "
            "tensors?",
            "`torch.tensor` makes a tensor from numbers, and `torch.stack` makes one from tensors.",
            "Return `torch.stack(results)`, or one tensor out of the tuple.",
        ),
        symptom=is_a("list", "tuple", "dict", "generator", "map"),
    ),
    Misconception(
        slug="returns-numpy",
        says="Your function returns a NumPy array, not a tensor.",
        hints=(
            "The next layer of a model needs a tensor. Where does yours become an array?",
            "NumPy's functions return arrays; PyTorch has the same ones: `torch.exp`, `x.sum`.",
            "`torch.from_numpy(result)` makes a tensor of an array, but it has no gradient.",
        ),
        symptom=is_a("ndarray", "matrix", "MaskedArray"),
    ),
    Misconception(
        slug="returns-uncalled",
        says="Your function returns a module or a function that still has to be called, such as "
        "`nn.Softmax(dim=1)` itself.",
        hints=(
            "What type is your result? Print it.",
            "`nn.Softmax(dim=1)` makes a layer. Call that layer with your tensor.",
            "Write `nn.Softmax(dim=...)(x)`, with two pairs of parentheses.",
        ),
        symptom=is_a(
            *("Softmax", "Softmax2d", "LogSoftmax", "Softmin", "Sequential", "Sigmoid", "ReLU"),
            *("function", "builtin_function_or_method", "method", "partial", "type"),
        ),
    ),
    Misconception(
        slug="max-tuple-not-values",
        says="`x.max(dim)` returns two things, the largest values and where they are, and you "
        "use the pair as if it were a tensor.",
        hints=(
            "Print what `max` returns when it is given a dim.",
            "You need the values only, the first of the two.",
            "Take `.values`, or call `amax`, which returns only the values.",
        ),
        error=r"return_types\.(max|min)",
    ),
    Misconception(
        slug="name-error",
        says="Your function uses a name on its own that belongs to PyTorch: it needs a `torch.` "
        "or a tensor in front of it.",
        hints=(
            "The error message names it. Where does that function come from?",
            "A bare name works only for what you define or import.",
            "Write `torch.exp(x)` or `x.exp()`, not `exp(x)`; likewise for the others.",
        ),
        error=rf"^NameError: name '({TORCHS})' is not defined",
    ),
    Misconception(
        slug="name-error",
        says="Your function uses a name that isn't defined.",
        hints=(
            "The error message names it. Is it a typo, or a cell that you haven't run?",
            "Compare it with the place where you define it, letter by letter.",
            "Run the cell that defines that name again, or correct the spelling.",
        ),
        error=rf"^NameError: (?!name '({TORCHS})' is not defined)",
    ),
    Misconception(
        slug="name-error",
        says="Your function uses a local name before it has a value.",
        hints=(
            "The error message names it. On which line does it get a value, and where is it used "
            "first?",
            "`total += e` reads `total` before it writes it.",
            "Give the name its first value before the loop: `total = 0`.",
        ),
        error=r"^UnboundLocalError:",
    ),
    Misconception(
        slug="no-such-module",
        says="Your function imports something that isn't installed here, or goes by another name.",
        hints=(
            "The error message has the name of the module. Is it spelled right?",
            "The exercises need only `torch`.",
            "Leave that import out.",
        ),
        error=r"^(ModuleNotFoundError|ImportError):",
    ),
    Misconception(
        slug="implicit-dim",
        says="You call a function that needs a `dim`, but you don't pass one.",
        hints=(
            "The error message names the function. Which dim should it run along?",
            "PyTorch can't know which entries compete.",
            "Pass `dim` on to every function that takes one.",
        ),
        error=r'missing \d+ required positional arguments?: "dim"'
        rf"|{GOT}\), but expected one of:\s*\* \(int dim"
        rf"|{GOT}\(?Tensor\), but expected one of:\s*\* \(Tensor input, (int|tuple of ints) dim",
    ),
    Misconception(
        slug="wrong-signature",
        says="A function is called with too many or too few arguments.",
        hints=(
            "Compare the first line of your function with the one in the exercise.",
            "`check` passes the arguments that the exercise shows, in that order. Look at the "
            "calls inside your function too.",
            "The error message names the function, and what it takes.",
        ),
        error=r"^TypeError: .*(positional arguments? but \d+ w"
        r"|takes (exactly one|no|at most \d+|at least \d+) arguments? \(\d+ given\)"
        r"|expected (at (most|least) )?\d+ arguments?, got"
        r'|missing \d+ required positional arguments?: (?!"dim"))',
    ),
    Misconception(
        slug="no-such-argument",
        says="A function gets an argument by a name that it doesn't know.",
        hints=(
            "The error message has the name. Is it spelled right, and does that function have it?",
            "PyTorch says `dim` and `keepdim`; NumPy says `axis` and `keepdims`. Python's own "
            "`sum` and `max` take neither, and `exp` takes no dim at all.",
            "Write `x.sum(dim, keepdim=True)`.",
        ),
        error=r"unexpected keyword argument|invalid keyword argument|takes no keyword arguments"
        rf"|softmax\(\) received an {GOT}[^)]*keepdim="
        rf"|{GOT}[^)]*\b(?!(dim|keepdim|dtype|axis|out)=)\w+=\w",
    ),
    Misconception(
        slug="keepdim-without-dim",
        says="You pass `keepdim` to a function without a `dim`. Only a dim that is named can be "
        "kept.",
        hints=(
            "Which dim should stay, with size 1?",
            "`keepdim` belongs to the dim that is summed over.",
            "Name the dim as well: `x.sum(dim, keepdim=True)`.",
        ),
        error=rf"(?<!softmax\(\) received an ){GOT}(Tensor, )?keepdim=bool, ?\)",
    ),
    Misconception(
        slug="tensor-as-dim",
        says="You pass a tensor where the dim belongs.",
        hints=(
            "Which argument comes first in the function that the error names?",
            "`nn.Softmax` is made with a dim, and called with a tensor after that.",
            "Write `nn.Softmax(dim=...)(x)` or `torch.softmax(x, dim)`.",
        ),
        error=r"'dim'.* must be int, not (Tensor|Parameter)|dim must be an int.*got .*Tensor"
        rf"|{GOT}Tensor\), but expected one of:\s*\* \(int dim"
        rf"|{GOT}Tensor, Tensor\), but expected one of:\s*\* \(Tensor input, int dim",
    ),
    Misconception(
        slug="several-dims-at-once",
        says="You pass several dims to a function that takes one.",
        hints=(
            "The error message names the function. How many dims does it take?",
            "Softmax, `max` and `cumsum` run along one dim; `sum` and `amax` take several.",
            "Turn the dims into one with `flatten`, or use `amax` and `sum`.",
        ),
        error=r"'dim'.* must be int, not (tuple|list)|dim must be an int.*got .*'(tuple|list)'"
        rf"|{GOT}(Tensor, )?(dim=)?(tuple|list)(\)|, keepdim)",
    ),
    Misconception(
        slug="dim-is-no-number",
        says="You pass a dim that isn't an integer.",
        hints=(
            "The error message says what came instead of the number.",
            "A dim is a position in the shape, counted from 0.",
            "Pass an integer, such as 1 or -1, or the `dim` that you were given.",
        ),
        error=r"'dim'.* must be int, not (?!Tensor|Parameter|tuple|list)"
        r"|dim must be an int.*got (?!.*(Tensor|'tuple'|'list'))"
        rf"|{GOT}(Tensor, )?(dim=)?(float|str|NoneType)(\)|, keepdim)"
        r"|Name '.*' not found in Tensor|look up dimensions by name",
    ),
    Misconception(
        slug="needs-one-number",
        says="You hand many numbers to something that takes only one: one of Python's `math` "
        "functions, `float`, `int` or `.item()`, or an entry of a list for `torch.tensor`.",
        hints=(
            "How many numbers are in what you pass on that line?",
            "PyTorch has the functions of `math` for whole tensors.",
            "Write `torch.exp(x)` for `math.exp(x)`, and `torch.stack(rows)` for "
            "`torch.tensor(rows)`.",
        ),
        error=r"only one element tensors|cannot be converted to Scalar"
        r"|only (length-1|0-dimensional|size-1|single-element|integer scalar) arrays"
        r"|must be real number, not (?!str|NoneType)|setting an array element with a sequence",
    ),
    Misconception(
        slug="asks-if-a-tensor-is-true",
        says="Python asks whether a whole tensor is true, in an `if`, a `while`, an `and`, or in "
        "its own `max` or `min`. A tensor of many numbers has no answer to that.",
        hints=(
            "Where does your code compare whole tensors?",
            "Python's `max` compares two rows as a whole. PyTorch's goes entry by entry.",
            "Use `torch.where(...)` for a choice, and `x.amax(dim, keepdim=True)` for a maximum.",
        ),
        error=r"Boolean value of Tensor with (more than one|no) value"
        r"|truth value of an (empty )?array",
    ),
    Misconception(
        slug="method-not-called",
        says="You use a function or method where its result is meant: the parentheses are missing.",
        hints=(
            "Which function on that line is named, but never called?",
            "`x.sum` is the method itself; `x.sum()` is the sum.",
            "Write the parentheses, with what it needs between them.",
        ),
        error=rf"unsupported operand type.*{UNCALLED}|^(TypeError|AttributeError): {UNCALLED} obj"
        r"|must be .*, not (builtin_function_or_method|method|function)\b",
    ),
    Misconception(
        slug="not-a-function",
        says="You call something that isn't a function: it has parentheses after it.",
        hints=(
            "The error message says what it is. Is an operator missing, or is a name such as `sum` "
            "one of your own values now?",
            "Parentheses right after a name or a number call it; `2 (x)` isn't a product.",
            "Write `*` for a product, `[...]` for an entry, as in `x.shape[0]`.",
        ),
        error=r"^TypeError: (?!'NoneType').*object is not callable",
    ),
    Misconception(
        slug="none-on-the-way",
        says="One of your steps gives None, and the next one tries to use it.",
        hints=(
            "Which step on that line returns nothing?",
            "A function without `return` gives None, and so does `list.append`.",
            "Look for a function of yours that lacks its `return`.",
        ),
        error=r"'NoneType' object|unsupported operand type.*'NoneType'"
        r"|must be (Tensor|tuple|Number|real number).*, not NoneType",
    ),
    Misconception(
        slug="no-such-attribute",
        says="You ask an object for a method or attribute that it doesn't have.",
        hints=(
            "The error message names both. Is the name spelled right, and is the object what you "
            "think it is?",
            "Lists and NumPy arrays lack tensors' methods, and tensors lack arrays'.",
            "Print the `type(...)` of what comes before the dot.",
        ),
        error=rf"^AttributeError: (?!{UNCALLED} obj|'NoneType'|'?torch\.return_types)",
    ),
    Misconception(
        slug="list-where-tensor-belongs",
        says="You use a list, tuple or generator where a tensor belongs. Python's operators don't "
        "work on its entries one by one, and PyTorch's functions don't take it.",
        hints=(
            "Which name on that line holds a list?",
            "Tensors do arithmetic entry by entry; lists don't.",
            "Turn the list into a tensor first: `torch.stack(values)` or `torch.tensor(values)`.",
        ),
        error=rf"unsupported operand type(?!.*NoneType)(?!.*{UNCALLED}).*{SEVERAL}"
        r"|must be Tensor, not (list|tuple|generator|map)|can't multiply sequence"
        r"|must be tuple of Tensors, not|infer dtype of (generator|map|zip)"
        rf"|{GOT}(list|tuple|generator), (int|dim=)|expected sequence of length",
    ),
    Misconception(
        slug="number-where-tensor-belongs",
        says="You pass a plain number or a NumPy array to a function that takes a tensor.",
        hints=(
            "The error message says which argument it is, and what came.",
            "`torch.exp` takes tensors; `math.exp` takes numbers; `np.exp` takes arrays.",
            "Stay with tensors from the first line on: no `.item()`, `.tolist()` or `.numpy()`.",
        ),
        error=r"must be Tensor, not (float|int|bool|numpy|str)|expected Tensor as element \d+ in"
        r"|expected np\.ndarray \(got|infer dtype of numpy"
        rf"|{GOT}(numpy\.ndarray|float|int), (int|dim=)",
    ),
    Misconception(
        slug="wrong-arguments",
        says="A function gets arguments of a kind that it doesn't take.",
        hints=(
            "The error message lists what the function takes. What do you give it?",
            "Check the order of the arguments, and the type of each.",
            "Pass the tensor first, then the dim as a number.",
        ),
        symptom=raises(
            rf"{GOT}|argument '(size|end|start|repeats|shape|dims)'.* must be .*, (not|but found)"
        ),
    ),
    Misconception(
        slug="int-dtype",
        says="Your numbers become integers on the way, and then go to a function that takes only "
        "decimal numbers.",
        hints=(
            "Print `.dtype` after each step. Where does it stop being float?",
            "Look for `int`, `long`, `argmax`, or a tensor made of integers.",
            "Leave the conversion out, or go back with `.to(x.dtype)`.",
        ),
        error=r"not implemented for '(Long|Int|Short|Byte|Char|Bool)'"
        r"|could not infer output dtype.*Got: (Long|Int|Short|Byte|Char|Bool)"
        r"|with a bool tensor|on a bool tensor|with two bool tensors",
    ),
    Misconception(
        slug="dtypes-do-not-fit",
        says="An operation gets a dtype that it isn't made for, or two that don't fit together.",
        hints=(
            "Print `.dtype` of everything on that line.",
            "Which of your lines makes a tensor whose dtype isn't the input's?",
            "Bring it to the input's dtype: `.to(x.dtype)`.",
        ),
        error=r"not implemented for '(?!Long|Int|Short|Byte|Char|Bool)"
        r"|to have the same dtype|dtypes? to match|dtypes match|can't be cast to"
        r"|unsupported ScalarType|Expected (self\.)?dtype|same dtype, but got",
    ),
    Misconception(
        slug="view-after-moving",
        says="`view` can't regroup a tensor whose dims were moved: its entries no longer lie in "
        "memory in that order.",
        hints=(
            "Which step before the `view` moves dims?",
            "`reshape` does what `view` does, and makes a copy where it has to.",
            "Write `reshape` instead of `view`.",
        ),
        error=r"view size is not compatible",
    ),
    Misconception(
        slug="number-of-dims",
        says="You treat a tensor as if it had more dims, or fewer, than it has.",
        hints=(
            "Print the shape on the line that the error names. How many dims are there?",
            "`permute` wants every dim exactly once; `.t()` and `.mT` want two; a shape unpacks "
            "into as many names as it has sizes.",
            "Write it so that any number of dims will do: `movedim`, `dim`, `keepdim=True`.",
        ),
        symptom=raises(
            r"does not match the length of the desired ordering|duplicate dims"
            r"|only supported on matrices|t\(\) expects a tensor with|repeated dim"
            r"|Number of dimensions of repeat|values to unpack|0-d tensor|0-dim tensor"
            r"|too many indices|tuple index out of range|[12]D tensors expected|vector expected"
        ),
    ),
    Misconception(
        slug="dim-out-of-range",
        says="Your code names a dim that the tensor doesn't have. Dims count from 0: the last of "
        "two is 1, also called -1.",
        hints=(
            "The error message says which dims there are, and which one was named.",
            "A row taken out of a tensor has one dim fewer than the tensor.",
            "Write the shape down, number its dims from 0, and name the one you want.",
        ),
        symptom=raises(r"Dimension out of range|Dimension specified as|is out of bounds for array"),
    ),
    Misconception(
        slug="shapes-do-not-fit",
        says="Two tensors meet, and their shapes don't fit together.",
        hints=(
            "Print both shapes on the line that the error names.",
            "Shapes are lined up on the right. Sizes fit if they're equal, or if one of them is 1.",
            "`keepdim=True` leaves a dim of size 1 in place, so that a sum fits under its slice.",
        ),
        symptom=raises(
            r"The size of tensor a|could not be broadcast|broadcast shape|expanded size of the "
            r"|cannot be multiplied|size mismatch|to be equal size, but got"
            r"|must have same number of dimensions: got|Sizes of tensors must match"
            r"|shape mismatch|must match the (existing )?size|shapes? .* not aligned"
        ),
    ),
    Misconception(
        slug="reshape-does-not-fit",
        says="You ask for a shape with more entries, or fewer, than the tensor has.",
        hints=(
            "Multiply the sizes that you ask for. How many entries does the tensor have?",
            "Inputs come in many sizes. Which number in your code is right for only one of them?",
            "Read the sizes off the tensor, with `x.shape`, or let one be -1.",
        ),
        symptom=raises(
            r"is invalid for input of size|cannot reshape array|don't multiply up to the size"
            r"|cannot reshape tensor"
        ),
    ),
    Misconception(
        slug="index-out-of-range",
        says="Your code asks for an entry that isn't there.",
        hints=(
            "The error message has the index and the size. Which of your numbers is too large?",
            "The first entry has index 0, so the last one has the size minus 1.",
            "Loop over `range(x.shape[dim])`, and take the sizes from the tensor itself.",
        ),
        symptom=raises(
            r"index -?\d+ is out of (bounds|range)|list index out of range|index out of range in"
            r"|exceeds dimension size|does not match the shape of the indexed tensor"
            r"|selected index k out of range|^KeyError:"
        ),
    ),
    Misconception(
        slug="no-whole-number",
        says="You use something that isn't an integer as an index or a count.",
        hints=(
            "What does the error message say it is?",
            "`range(n)` needs an integer, and so does an index: `range(x)` and `x[1.0]` have none.",
            "Write `range(x.shape[dim])`, and `//` instead of `/` for an integer.",
        ),
        error=r"interpreted as an integer|converted to an index|slice indices must be"
        r"|only integers, slices|indices must be integers",
    ),
    Misconception(
        slug="python-numbers-overflow",
        says="Python's own numbers leave the range of float64 and raise an error, where a tensor "
        "becomes inf.",
        hints=(
            "What is exp(1000)? Which of your numbers is as large as that?",
            "Softmax stays the same if you subtract one number from all logits of a slice.",
            "Subtract the maximum of each slice before exp.",
        ),
        symptom=raises(r"^OverflowError:"),
    ),
    Misconception(
        slug="python-divides-by-zero",
        says="Python's own numbers refuse to divide by 0 or to take the logarithm of 0, where a "
        "tensor becomes inf or nan.",
        hints=(
            "Which of your numbers can be 0, and why?",
            "exp of a very negative number is 0; a sum of such numbers is 0 as well.",
            "Subtract the maximum of each slice before exp: then one exp is exactly 1.",
        ),
        symptom=raises(r"^ZeroDivisionError:|math domain error|expected a positive input"),
    ),
    Misconception(
        slug="calls-itself",
        says="Your function calls itself again and again, and never stops.",
        hints=(
            "Does a name inside your function mean the function itself?",
            "A function of yours called `softmax` hides the one you meant.",
            "Write `torch.softmax`, or give your function another name.",
        ),
        error=r"^RecursionError:",
    ),
    Misconception(
        slug="refuses-the-input",
        says="A check of your own, an `assert`, refuses an input that the exercise allows.",
        hints=(
            "Which inputs does the exercise promise? Which does your `assert` allow?",
            "The input under this message is one of those that it refuses.",
            "Make your code work for that input, and loosen the `assert`.",
        ),
        error=r"^AssertionError:",
    ),
    Misconception(
        slug="takes-too-long",
        says="Your function hadn't finished after 3 s. Is there an infinite loop, a plot, a "
        "download?",
        hints=(
            "What has to become true for your loop to end? Does anything in the loop change that?",
            "Print the loop's variables on every pass, and call your function yourself: which one "
            "never changes?",
            "Loop with `for ... in range(...)`, which always ends.",
        ),
        error=r"^TimeoutError: no answer",
    ),
)
