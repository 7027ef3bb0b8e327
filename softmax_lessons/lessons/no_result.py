"""Mistakes in any exercise that leave no result: an error, or something other than a tensor.

The wording of the errors is Python's, NumPy's and PyTorch's, in all versions the course runs with.
An error that may follow from another named mistake is a symptom, so that the checker looks for that
mistake first; it reports the others as soon as it sees them.
"""

import re
from collections.abc import Callable

from softmax_lessons.attempts.run import Outcome, Probe
from softmax_lessons.checker.misconception import Misconception


def is_a(*kinds: str) -> Callable[[Probe, Outcome], bool]:
    """Return the symptom that the result has one of these types; `Outcome.kind` names it."""
    return lambda probe, outcome: outcome.kind in kinds


def raises(words: str) -> Callable[[Probe, Outcome], bool]:
    """Return the symptom of an error whose text matches `words`, a regular expression."""
    return lambda probe, outcome: bool(outcome.error and re.search(words, outcome.error))


# Python names it in a TypeError or an AttributeError
UNCALLED = r"'(builtin_function_or_method|method|function|method_descriptor|type|builtin_method)'"
SEVERAL = r"'(list|tuple|generator|map|dict|set|range|zip|filter)'"
# before PyTorch 2.9, this is all it says about most arguments that don't fit
GOT = r"invalid combination of arguments - got \("
# names that only exist with a prefix, in PyTorch, NumPy or math
TORCHS = "exp|log|softmax|log_softmax|logsumexp|amax|amin|mean|sqrt|where|stack|zeros|ones|arange"

NO_RESULT = (
    Misconception(
        slug="returns-none",
        says="Your function computes something but returns None.",
        hints=(
            "Look at the last line of the function. What does it pass to the caller?",
            "`print` only shows a value; `return` passes it to the caller.",
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
            "Return `torch.stack(results)`, or one tensor from the tuple.",
        ),
        symptom=is_a("list", "tuple", "dict", "generator", "map"),
    ),
    Misconception(
        slug="returns-numpy",
        says="Your function returns a NumPy array, not a tensor.",
        hints=(
            "The next layer of a model needs a tensor. Where does yours turn into an array?",
            "NumPy's functions return arrays; PyTorch has the same functions: `torch.exp`, "
            "`x.sum`.",
            "`torch.from_numpy(result)` turns an array into a tensor, but one without a gradient.",
        ),
        symptom=is_a("ndarray", "matrix", "MaskedArray"),
    ),
    Misconception(
        slug="returns-uncalled",
        says="Your function returns a module or a function that you still have to call, such as "
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
        says="`x.max(dim)` returns two things, the largest values and their positions, and you use "
        "the pair as if it were a tensor.",
        hints=(
            "Print what `max` returns when you give it a dim.",
            "You only need the values, the first of the two.",
            "Take `.values`, or call `amax`, which returns only the values.",
        ),
        error=r"return_types\.(max|min)",
    ),
    Misconception(
        slug="name-error",
        says="Your function uses a name from PyTorch on its own: it needs `torch.` or a tensor "
        "before it.",
        hints=(
            "The error message names it. Where does that function come from?",
            "A bare name only works for functions that you define or import.",
            "Write `torch.exp(x)` or `x.exp()`, not `exp(x)`; likewise for the others.",
        ),
        error=rf"^NameError: name '({TORCHS})' is not defined",
    ),
    Misconception(
        slug="name-error",
        says="Your function uses a name that isn't defined.",
        hints=(
            "The error message names it. Is it a typo, or a cell that you haven't run?",
            "Compare it, letter by letter, with the line where you define it.",
            "Run the cell that defines that name again, or correct the spelling.",
        ),
        error=rf"^NameError: (?!name '({TORCHS})' is not defined)",
    ),
    Misconception(
        slug="name-error",
        says="Your function uses a local name before it has a value.",
        hints=(
            "The error message names it. On which line does it get a value, and where do you first "
            "use it?",
            "`total += e` reads `total` before it writes it.",
            "Give the name its first value before the loop: `total = 0`.",
        ),
        error=r"^UnboundLocalError:",
    ),
    Misconception(
        slug="no-such-module",
        says="Your function imports something that isn't installed, or that has a different name.",
        hints=(
            "The error message has the module's name. Is it spelled right?",
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
        says="You call a function with too many or too few arguments.",
        hints=(
            "Compare the first line of your function with the one in the exercise.",
            "`check` passes the arguments that the exercise shows, in that order. Look at the "
            "calls inside your function, too.",
            "The error message names the function and says what it takes.",
        ),
        error=r"^TypeError: .*(positional arguments? but \d+ w"
        r"|takes (exactly one|no|at most \d+|at least \d+) arguments? \(\d+ given\)"
        r"|expected (at (most|least) )?\d+ arguments?, got"
        r'|missing \d+ required positional arguments?: (?!"dim"))',
    ),
    Misconception(
        slug="no-such-argument",
        says="You pass an argument under a name that the function doesn't know.",
        hints=(
            "The error message has the name. Is it spelled right, and does that function have such "
            "an argument?",
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
        says="You pass `keepdim` to a function without a `dim`. It can only keep a dim that you "
        "name.",
        hints=(
            "Which dim should stay, with size 1?",
            "`keepdim` belongs to the dim you sum over.",
            "Name the dim, too: `x.sum(dim, keepdim=True)`.",
        ),
        error=rf"(?<!softmax\(\) received an ){GOT}(Tensor, )?keepdim=bool, ?\)",
    ),
    Misconception(
        slug="tensor-as-dim",
        says="You pass a tensor where the dim belongs.",
        hints=(
            "Which argument comes first in the function that the error names?",
            "A dim is an integer. Which of the tensors on that line stands in its place?",
            "Pass the tensor first and the dim by name, as in `torch.softmax(x, dim=dim)`; "
            "`nn.Softmax(dim=dim)` is made without a tensor, and called with one.",
        ),
        error=r"'dim'.* must be int, not (Tensor|Parameter)|dim must be an int.*got .*Tensor"
        rf"|{GOT}Tensor\), but expected one of:\s*\* \(int dim"
        rf"|{GOT}Tensor, Tensor\), but expected one of:\s*\* \(Tensor input, int dim",
    ),
    Misconception(
        slug="several-dims-at-once",
        says="You pass several dims to a function that only takes one.",
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
            "The error message says what it got instead of the number.",
            "A dim is a position in the shape, counted from 0.",
            "Pass an integer, such as 1 or -1, or the `dim` you were given.",
        ),
        error=r"'dim'.* must be int, not (?!Tensor|Parameter|tuple|list)"
        r"|dim must be an int.*got (?!.*(Tensor|'tuple'|'list'))"
        rf"|{GOT}(Tensor, )?(dim=)?(float|str|NoneType)(\)|, keepdim)"
        r"|Name '.*' not found in Tensor|look up dimensions by name",
    ),
    Misconception(
        slug="needs-one-number",
        says="You pass many numbers to something that only takes one: a function from Python's "
        "`math`, `float`, `int` or `.item()`, or an entry in a list for `torch.tensor`.",
        hints=(
            "How many numbers do you pass on that line?",
            "PyTorch has the same functions as `math`, but for whole tensors.",
            "Write `torch.exp(x)` instead of `math.exp(x)`, and `torch.stack(rows)` instead of "
            "`torch.tensor(rows)`.",
        ),
        error=r"only one element tensors|cannot be converted to Scalar"
        r"|only (length-1|0-dimensional|size-1|single-element|integer scalar) arrays"
        r"|must be real number, not (?!str|NoneType)|setting an array element with a sequence",
    ),
    Misconception(
        slug="asks-if-a-tensor-is-true",
        says="You make Python ask whether a whole tensor is true, in an `if`, a `while`, an `and`, "
        "or its own `max` or `min`. For a tensor of many numbers, there's no answer.",
        hints=(
            "Where does your code compare whole tensors?",
            "Python's `max` compares two rows as a whole. PyTorch's compares entry by entry.",
            "Use `torch.where(...)` for a choice, and `x.amax(dim, keepdim=True)` for a maximum.",
        ),
        error=r"Boolean value of Tensor with (more than one|no) value"
        r"|truth value of an (empty )?array",
    ),
    Misconception(
        slug="method-not-called",
        says="You use a function or method where you mean its result: the parentheses are missing.",
        hints=(
            "Which function on that line do you name but never call?",
            "`x.sum` is the method itself; `x.sum()` is the sum.",
            "Add the parentheses, with the arguments it needs.",
        ),
        error=rf"unsupported operand type.*{UNCALLED}|^(TypeError|AttributeError): {UNCALLED} obj"
        r"|must be .*, not (builtin_function_or_method|method|function)\b",
    ),
    Misconception(
        slug="not-a-function",
        says="You call something that isn't a function, because you put parentheses after it.",
        hints=(
            "The error message says what it is. Is an operator missing, or have you given a name "
            "such as `sum` a value of your own?",
            "Parentheses right after a name or a number are a call; `2 (x)` isn't a product.",
            "Write `*` for a product, and `[...]` for an entry, as in `x.shape[0]`.",
        ),
        error=r"^TypeError: (?!'NoneType').*object is not callable",
    ),
    Misconception(
        slug="none-on-the-way",
        says="One of your steps returns None, and the next one tries to use it.",
        hints=(
            "Which step on that line returns nothing?",
            "A function without `return` returns None, and so does `list.append`.",
            "Look for a function of yours without a `return`.",
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
            "Lists and NumPy arrays don't have a tensor's methods, and tensors don't have an "
            "array's.",
            "Print the `type(...)` of the object before the dot.",
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
        r"|must be tuple of Tensors, not (?!NoneType)|infer dtype of (generator|map|zip)"
        rf"|{GOT}(list|tuple|generator), (int|dim=)|expected sequence of length",
    ),
    Misconception(
        slug="number-where-tensor-belongs",
        says="You pass a plain number or a NumPy array to a function that takes a tensor.",
        hints=(
            "The error message says which argument it is, and what it got.",
            "`torch.exp` takes tensors; `math.exp` takes numbers; `np.exp` takes arrays.",
            "Stick with tensors from the first line on: no `.item()`, `.tolist()` or `.numpy()`.",
        ),
        error=r"must be Tensor, not (float|int|bool|numpy|str)|expected Tensor as element \d+ in"
        r"|expected np\.ndarray \(got|infer dtype of numpy"
        rf"|{GOT}(numpy\.ndarray|float|int), (int|dim=)",
    ),
    Misconception(
        slug="wrong-arguments",
        says="You pass a function arguments of a kind it doesn't take.",
        hints=(
            "The error message lists what the function takes. What do you give it?",
            "Check the order and the types of the arguments.",
            "Pass the tensor first, then the dim as a number.",
        ),
        symptom=raises(
            rf"{GOT}|argument '(size|end|start|repeats|shape|dims)'.* must be .*, (not|but found)"
        ),
    ),
    Misconception(
        slug="int-dtype",
        says="Your numbers become integers along the way, and then you pass them to a function "
        "that only takes floating-point numbers.",
        hints=(
            "Print `.dtype` after each step. Where does it stop being float?",
            "Look for `int`, `long`, `argmax`, or a tensor made from integers.",
            "Leave out the conversion, or convert back with `.to(x.dtype)`.",
        ),
        error=r"not implemented for '(Long|Int|Short|Byte|Char|Bool)'"
        r"|could not infer output dtype.*Got: (Long|Int|Short|Byte|Char|Bool)"
        r"|with a bool tensor|on a bool tensor|with two bool tensors",
    ),
    Misconception(
        slug="dtypes-do-not-fit",
        says="An operation gets a dtype it doesn't support, or two that don't go together.",
        hints=(
            "Print `.dtype` of everything on that line.",
            "Which of your lines makes a tensor whose dtype isn't the input's?",
            "Convert it to the input's dtype: `.to(x.dtype)`.",
        ),
        error=r"not implemented for '(?!Long|Int|Short|Byte|Char|Bool)"
        r"|to have the same dtype|dtypes? to match|dtypes match|can't be cast to"
        r"|unsupported ScalarType|Expected (self\.)?dtype|same dtype, but (got|found)"
        r"|expected scalar type",
    ),
    Misconception(
        slug="view-after-moving",
        says="`view` can't regroup a tensor after you've moved its dims: in memory, its entries "
        "aren't in that order.",
        hints=(
            "Which step before the `view` moves dims?",
            "`reshape` does the same as `view`, and makes a copy if it has to.",
            "Write `reshape` instead of `view`.",
        ),
        error=r"view size is not compatible",
    ),
    Misconception(
        slug="number-of-dims",
        says="You treat a tensor as if it had more or fewer dims than it has.",
        hints=(
            "Print the shape on the line that the error names. How many dims are there?",
            "`permute` needs every dim exactly once; `.t()` and `.mT` need two; a shape unpacks "
            "into as many names as it has sizes.",
            "Write it so that it works with any number of dims: `movedim`, `dim`, `keepdim=True`.",
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
        says="Your code names a dim that the tensor doesn't have. Dims are counted from 0: the "
        "last of two is 1, also called -1.",
        hints=(
            "The error message says which dims there are, and which one you named.",
            "A row taken out of a tensor has one dim fewer than the tensor.",
            "Write down the shape, number its dims from 0, and name the one you want.",
        ),
        symptom=raises(r"Dimension out of range|Dimension specified as|is out of bounds for array"),
    ),
    Misconception(
        slug="shapes-do-not-fit",
        says="You combine two tensors with shapes that don't fit together.",
        hints=(
            "Print both shapes on the line that the error names.",
            "Shapes are lined up on the right. Sizes fit if they're equal, or if one of them is 1.",
            "`keepdim=True` leaves a dim of size 1, so that a sum lines up with its slice.",
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
        says="You ask for a shape with more or fewer entries than the tensor has.",
        hints=(
            "Multiply the sizes you ask for. How many entries does the tensor have?",
            "Inputs come in many sizes. Which number in your code is right for only one of them?",
            "Read the sizes from `x.shape`, or set one to -1.",
        ),
        symptom=raises(
            r"is invalid for input of size|cannot reshape array|don't multiply up to the size"
            r"|cannot reshape tensor"
        ),
    ),
    Misconception(
        slug="index-out-of-range",
        says="Your code asks for an entry that doesn't exist.",
        hints=(
            "The error message has the index and the size. Which of your numbers is too large?",
            "The first entry has index 0, so the last one's index is the size minus 1.",
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
            "`range(n)` needs an integer, and so does an index: `range(x)` and `x[1.0]` don't have "
            "one.",
            "Write `range(x.shape[dim])`, and `//` instead of `/` for an integer.",
        ),
        error=r"interpreted as an integer|converted to an index|slice indices must be"
        r"|only integers, slices|indices must be integers",
    ),
    Misconception(
        slug="python-numbers-overflow",
        says="You use plain Python numbers. Outside the range of float64, they raise an error, "
        "where a tensor becomes inf.",
        hints=(
            "What is exp(1000)? Which of your numbers gets that large?",
            "Softmax stays the same if you subtract the same number from all logits of a slice.",
            "Subtract the maximum of each slice before exp.",
        ),
        symptom=raises(r"^OverflowError:"),
    ),
    Misconception(
        slug="python-divides-by-zero",
        says="You use plain Python numbers. Dividing by 0 or taking the log of 0 raises an "
        "error, where a tensor becomes inf or nan.",
        hints=(
            "Which of your numbers can be 0, and why?",
            "The exp of a very negative number is 0, and so is a sum of such numbers.",
            "Subtract the maximum of each slice before exp: then one exp is exactly 1.",
        ),
        symptom=raises(r"^ZeroDivisionError:|math domain error|expected a positive input"),
    ),
    Misconception(
        slug="calls-itself",
        says="Your function keeps calling itself and never stops.",
        hints=(
            "Does a name inside your function refer to the function itself?",
            "A function of yours called `softmax` hides the one you meant.",
            "Write `torch.softmax`, or give your function another name.",
        ),
        error=r"^RecursionError:",
    ),
    Misconception(
        slug="refuses-the-input",
        says="An `assert` in your code rejects an input that the exercise allows.",
        hints=(
            "Which inputs does the exercise mention? Which does your `assert` allow?",
            "The input in this message is one that it rejects.",
            "Make your code work for that input, and loosen the `assert`.",
        ),
        error=r"^AssertionError:",
    ),
    Misconception(
        slug="takes-too-long",
        says="Your function hadn't finished after 3 s. Is there an infinite loop, a plot or a "
        "download?",
        hints=(
            "What has to become true for your loop to end? Does anything in the loop change that?",
            "Call your function yourself and print the loop's variables on every pass: which one "
            "never changes?",
            "Loop with `for ... in range(...)`, which always ends.",
        ),
        error=r"^TimeoutError: no answer",
    ),
)
