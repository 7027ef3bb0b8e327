"""The predictions of lesson 07."""

from softmax_lessons.checker.questions.question import Question

QUESTIONS = {
    "dog_when_cat_rises": Question(
        "falls",
        {
            "stays": ("diagonal-jacobian", "Its logit stays, but the sum it is divided by grows."),
            "rises": ("sum-grows-too", "The probabilities sum to 1: what cat wins, others lose."),
        },
    ),
    "jacobian_row_sum": Question(
        0,
        {1: ("sums-like-probs", "The probabilities sum to 1; their changes sum to 0.")},
    ),
    "logits_pulled_by_owl": Question(
        3,
        {1: ("diagonal-jacobian", "Every logit has a part in the sum that owl is divided by.")},
    ),
    "loss_gradient_of_cat": Question(
        -0.3410,
        {
            0.3410: ("sign-error", "It is p - y, and y is 1: a rising logit lowers the loss."),
            0.6590: ("p-without-y", "That is p; at the target, 1 goes off."),
            -1.5174: ("gradient-for-probs", "That is -1/p, the gradient for the probability."),
            0.2247: ("diagonal-jacobian", "That is p * (1 - p), the derivative of p itself."),
        },
        within=0.02,
    ),
    "mse_pull_at_20": Question(
        "almost 0",
        {
            "about 1": ("error-sets-pull", "The error is 1, but p * (1 - p) is a factor too."),
            "about 0.1": ("error-sets-pull", "The target's p is about 2e-9, and is a factor."),
        },
    ),
    "gradient_of_prob_sum": Question(
        "zeros",
        {
            "ones": ("as-in-x-sum", "x.sum() has ones; softmax(x).sum() is 1 whatever x is."),
            "the probabilities": ("p-times-ones", "p * (1 - sum of p) has a second term."),
        },
    ),
    "single_class_gradient": Question(
        0,
        {
            1: ("one-over-n", "The probability is 1 whatever the logit: nothing moves it."),
            -1: ("p-without-softmax", "p - y is 1 - 1."),
        },
    ),
    "right_of_four_detached": Question(
        2,
        {
            4: ("detach-is-harmless", "The two uses cancel only if both are treated alike."),
            3: ("detach-is-harmless", "Neither use may be detached alone."),
            1: ("detach-is-wrong", "With both detached, m is a constant, and cancels too."),
        },
    ),
    "gradcheck_of_diagonal": Question(
        "finds it",
        {"misses it": ("diagonal-is-close", "Off the diagonal, p_i * p_j is far from 0.")},
    ),
}
