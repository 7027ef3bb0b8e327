"""Answers for the exercise of lesson 15: what a process sends for a loss over processes."""

import torch
from bank import right, wrong


def owned_places(shard, targets, first):
    places = targets - first
    owned = (places >= 0) & (places < shard.shape[1])
    return places.masked_fill(~owned, 0), owned


@right("loss_parts")
def parts_masked(shard, targets, first, largest):
    places, owned = owned_places(shard, targets, first)
    shifted = shard - largest[:, None]
    picked = shifted.gather(1, places[:, None]).squeeze(1).masked_fill(~owned, 0.0)
    return torch.stack([shifted.exp().sum(dim=1), picked])


@right("loss_parts")
def parts_where(shard, targets, first, largest):
    classes = torch.arange(first, first + shard.shape[1])
    shifted = shard - largest.unsqueeze(1)
    mine = torch.where(classes == targets[:, None], shifted, torch.zeros_like(shifted))
    return torch.stack((shifted.exp().sum(1), mine.sum(1)), dim=0)


@right("loss_parts")
def parts_loop(shard, targets, first, largest):
    sums, picked = [], []
    for row, target, top in zip(shard, targets.tolist(), largest, strict=True):
        sums.append((row - top).exp().sum())
        here = first <= target < first + len(row)
        picked.append(row[target - first] - top if here else row.new_zeros(()))
    return torch.stack([torch.stack(sums), torch.stack(picked)])


@right("loss_parts")
def parts_indexed(shard, targets, first, largest):
    shifted = (shard.T - largest).T
    places = (targets - first).clamp(0, shard.shape[1] - 1)
    picked = shifted[torch.arange(len(shard)), places]
    result = torch.stack([torch.exp(shifted).sum(-1), picked])
    result[1, places != targets - first] = 0
    return result


@right("loss_parts")
def parts_padded(shard, targets, first, largest):
    # a column of zeros on either side: whoever looks outside finds 0
    shifted = shard - largest[:, None]
    zero = shifted.new_zeros(len(shard), 1)
    places = (targets - first).clamp(-1, shard.shape[1]) + 1
    picked = torch.cat([zero, shifted, zero], dim=1).gather(1, places[:, None])[:, 0]
    return torch.stack([shifted.exp().sum(1), picked])


@wrong("loss_parts", "local-max")
def parts_of_the_shard_alone(shard, targets, first, largest):
    return parts_masked(shard, targets, first, shard.amax(1))


@wrong("loss_parts", "local-max", "zero-times-infinity")
def parts_of_its_own_maximum(shard, targets, first, largest):
    places, owned = owned_places(shard, targets, first)
    own = shard.max(dim=1).values
    shifted = shard - own[:, None]
    picked = shifted[torch.arange(len(shard)), places] * owned
    return torch.stack([shifted.exp().sum(1), picked])


@wrong("loss_parts", "no-shift")
def parts_unshifted(shard, targets, first, largest):
    places, owned = owned_places(shard, targets, first)
    picked = shard.gather(1, places[:, None])[:, 0].masked_fill(~owned, 0)
    return torch.stack([shard.exp().sum(1), picked])


@wrong("loss_parts", "place-outside-the-shard")
def parts_looked_up_anyhow(shard, targets, first, largest):
    shifted = shard - largest[:, None]
    picked = shifted.gather(1, (targets - first)[:, None]).squeeze(1)
    return torch.stack([shifted.exp().sum(1), picked])


@wrong("loss_parts", "place-outside-the-shard")
def parts_global_number(shard, targets, first, largest):
    shifted = shard - largest[:, None]
    return torch.stack([shifted.exp().sum(1), shifted[torch.arange(len(shard)), targets]])


@wrong("loss_parts", "target-not-masked")
def parts_clamped(shard, targets, first, largest):
    shifted = shard - largest[:, None]
    places = (targets - first).clamp(min=0, max=shard.shape[1] - 1)
    picked = shifted[torch.arange(len(shard)), places]
    return torch.stack([shifted.exp().sum(1), picked])


@wrong("loss_parts", "target-not-masked")
def parts_masked_place_only(shard, targets, first, largest):
    places, _ = owned_places(shard, targets, first)
    shifted = shard - largest[:, None]
    return torch.stack([shifted.exp().sum(1), shifted.gather(1, places[:, None]).squeeze(1)])


@wrong("loss_parts", "forgets-first")
def parts_of_class_numbers(shard, targets, first, largest):
    columns = shard.shape[1]
    shifted = shard - largest[:, None]
    owned = targets < columns
    picked = shifted.gather(1, targets.clamp(max=columns - 1)[:, None]).squeeze(1)
    return torch.stack([shifted.exp().sum(1), picked.masked_fill(~owned, 0)])


@wrong("loss_parts", "wraps-around")
def parts_from_the_end(shard, targets, first, largest):
    shifted = shard - largest[:, None]
    picked = []
    for row, target in zip(shifted, targets.tolist(), strict=True):
        place = target - first
        picked.append(row[place] if -len(row) <= place < len(row) else torch.zeros_like(row[0]))
    return torch.stack([shifted.exp().sum(1), torch.stack(picked)])


@wrong("loss_parts", "off-by-one")
def parts_without_its_first(shard, targets, first, largest):
    columns = shard.shape[1]
    owned = (targets > first) & (targets < first + columns)
    shifted = shard - largest[:, None]
    places = torch.where(owned, targets - first, 0)
    picked = shifted.gather(1, places[:, None])[:, 0]
    return torch.stack([shifted.exp().sum(1), torch.where(owned, picked, 0)])


@wrong("loss_parts", "target-not-shifted")
def parts_of_the_bare_logit(shard, targets, first, largest):
    places, owned = owned_places(shard, targets, first)
    picked = torch.where(owned, shard[torch.arange(len(shard)), places], 0)
    return torch.stack([(shard - largest[:, None]).exp().sum(1), picked])


@wrong("loss_parts", "shifts-what-is-absent")
def parts_subtracted_afterwards(shard, targets, first, largest):
    places, owned = owned_places(shard, targets, first)
    picked = shard.gather(1, places[:, None])[:, 0].masked_fill(~owned, 0) - largest
    return torch.stack([(shard - largest[:, None]).exp().sum(1), picked])


@wrong("loss_parts", "zero-times-infinity")
def parts_times_a_mask(shard, targets, first, largest):
    places, owned = owned_places(shard, targets, first)
    shifted = shard - largest[:, None]
    return torch.stack([shifted.exp().sum(1), shifted.gather(1, places[:, None])[:, 0] * owned])


@wrong("loss_parts", "zero-times-infinity")
def parts_times_one_hot(shard, targets, first, largest):
    shifted = shard - largest[:, None]
    classes = torch.arange(first, first + shard.shape[1])
    hot = (classes == targets[:, None]).to(shard.dtype)
    return torch.stack([shifted.exp().sum(1), (shifted * hot).sum(1)])


@wrong("loss_parts", "absent-is-minus-inf")
def parts_none_is_minus_inf(shard, targets, first, largest):
    places, owned = owned_places(shard, targets, first)
    shifted = shard - largest[:, None]
    picked = shifted.gather(1, places[:, None])[:, 0].masked_fill(~owned, -torch.inf)
    return torch.stack([shifted.exp().sum(1), picked])


@wrong("loss_parts", "logarithm-too-early")
def parts_logsumexp(shard, targets, first, largest):
    places, owned = owned_places(shard, targets, first)
    shifted = shard - largest[:, None]
    picked = shifted.gather(1, places[:, None])[:, 0].masked_fill(~owned, 0)
    return torch.stack([shifted.logsumexp(1), picked])


@wrong("loss_parts", "exp-of-the-target")
def parts_exp_of_the_target(shard, targets, first, largest):
    places, owned = owned_places(shard, targets, first)
    exps = (shard - largest[:, None]).exp()
    return torch.stack([exps.sum(1), exps.gather(1, places[:, None])[:, 0] * owned])


@wrong("loss_parts", "parts-swapped")
def parts_target_first(shard, targets, first, largest):
    return parts_masked(shard, targets, first, largest).flip(0)


@wrong("loss_parts", "stacked-the-other-way")
def parts_side_by_side(shard, targets, first, largest):
    return parts_masked(shard, targets, first, largest).T


@wrong("loss_parts", "detached-gradient")
def parts_detached(shard, targets, first, largest):
    return parts_masked(shard.detach(), targets, first, largest)


@wrong("loss_parts", "mutates-input")
def parts_in_place(shard, targets, first, largest):
    shard -= largest[:, None]
    return parts_masked(shard, targets, first, 0 * largest)


@wrong("loss_parts")
def parts_of_all_rows(shard, targets, first, largest):
    parts = parts_masked(shard, targets, first, largest)
    return torch.stack([parts[0].sum().expand(len(shard)), parts[1]])
