import pytest
import torch
from tests.tiny import FAMILIES, save_tiny

from tain.core.errors import MethodError
from tain.core.example import LabelSet
from tain.methods.text_to_lora import (
    AdapterBank,
    Hypernetwork,
    HypernetworkSettings,
    Place,
    find_places,
    fresh_factors,
    injected,
    n_parameters,
)
from tain.methods.text_to_lora.factors import mean_factors, mean_square, take
from tain.methods.text_to_lora.places import by_kind
from tain.models import load_backbone

FORMS = ("L", "M", "S")
PLACES = (
    Place("x.*.q", 0, "x.0.q", 6, 6),
    Place("x.*.q", 1, "x.1.q", 6, 6),
    Place("x.*.v", 0, "x.0.v", 6, 4),
    Place("x.*.v", 1, "x.1.v", 6, 4),
)


def settings(form, **changes):
    return HypernetworkSettings(form=form, **{"rank": 2, "hidden_width": 16, "head_width": 8, **changes})


def stirred(network):
    """The network with weights that are no longer zero, as after a training."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return network.eval()


@pytest.mark.parametrize("form", FORMS)
def test_every_layer_gets_factors_of_its_shape(form):
    factors = Hypernetwork(settings(form), PLACES, d_task=5, seed=0)(None, torch.randn(3, 5))
    assert set(factors) == {place.name for place in PLACES}
    for place in PLACES:
        a, b = factors[place.name]
        assert a.shape == (3, 2, place.d_in)
        assert b.shape == (3, place.d_out, 2)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rank", [1, 3])
def test_the_number_of_parameters_is_its_formula(form, rank):
    own = settings(form, rank=rank)
    network = Hypernetwork(own, PLACES, d_task=5, seed=0)
    assert sum(p.numel() for p in network.parameters()) == n_parameters(own, PLACES, d_task=5)


def test_the_heads_of_the_paper_have_the_sizes_of_the_paper():
    kinds = (("q", 4096), ("v", 1024))
    places = [Place(f"m.*.{n}", d, f"m.{d}.{n}", 4096, out) for d in range(32) for n, out in kinds]
    shared = {form: n_parameters(HypernetworkSettings(form=form), places, d_task=1024) for form in FORMS}
    assert [round(n / 1e6) for n in shared.values()] == [55, 34, 5]


@pytest.mark.parametrize("form", FORMS)
def test_before_the_first_step_every_task_gets_a_fresh_lora_that_changes_nothing(form):
    network = Hypernetwork(settings(form), PLACES, d_task=5, seed=3).eval()
    factors = network(None, torch.randn(4, 5))
    fresh = fresh_factors(PLACES, 2, seed=3)
    for place in PLACES:
        a, b = factors[place.name]
        assert torch.equal(b, torch.zeros_like(b))
        first = by_kind(PLACES)[place.kind][0].name
        assert torch.equal(a, fresh[first][0].expand(4, -1, -1))


@pytest.mark.parametrize("form", FORMS)
def test_the_order_of_the_layers_does_not_matter(form):
    first = Hypernetwork(settings(form), PLACES, d_task=5, seed=0)
    second = Hypernetwork(settings(form), PLACES[::-1], d_task=5, seed=0)
    vectors = torch.randn(2, 5)
    one, two = stirred(first)(None, vectors), stirred(second)(None, vectors)
    for name, (a, b) in one.items():
        assert torch.equal(a, two[name][0])
        assert torch.equal(b, two[name][1])


@pytest.mark.parametrize("form", FORMS)
def test_other_descriptions_depths_and_kinds_give_other_factors(form):
    factors = stirred(Hypernetwork(settings(form), PLACES, d_task=5, seed=0))(None, torch.randn(2, 5))
    a, _ = factors["x.0.q"]
    assert not torch.allclose(a[0], a[1])
    assert not torch.allclose(a, factors["x.1.q"][0])
    assert not torch.allclose(a, factors["x.0.v"][0])


@pytest.mark.parametrize("form", FORMS)
def test_a_description_gets_the_same_adapter_alone_and_among_others(form):
    network = stirred(Hypernetwork(settings(form), PLACES, d_task=5, seed=0))
    vectors = torch.randn(3, 5)
    together, alone = network(None, vectors), network(None, vectors[1:2])
    for name, (a, b) in alone.items():
        torch.testing.assert_close(a[0], together[name][0][1], rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(b[0], together[name][1][1], rtol=1e-3, atol=1e-4)


def test_gradients_reach_the_reader_of_the_description():
    network = Hypernetwork(settings("M"), PLACES, d_task=5, seed=0)
    stirred(network)
    mean_square(network(None, torch.randn(2, 5))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.task.parameters())


def test_vectors_of_another_width_are_refused():
    with pytest.raises(MethodError, match=r"expected \(n, 5\)"):
        Hypernetwork(settings("L"), PLACES, d_task=5, seed=0)(None, torch.randn(2, 4))


def test_layers_that_cannot_be_told_apart_are_refused():
    twins = (PLACES[0], Place("x.*.q", 0, "y.0.q", 6, 6))
    with pytest.raises(MethodError, match="one matrix at each depth"):
        by_kind(twins)
    with pytest.raises(MethodError, match="all of one shape"):
        by_kind((PLACES[0], Place("x.*.q", 1, "x.1.q", 6, 5)))


@pytest.fixture(scope="module")
def backbones(tmp_path_factory):
    made = {}

    def get(family):
        if family not in made:
            folder = save_tiny(family, tmp_path_factory.mktemp(family))
            made[family] = load_backbone(str(folder), LabelSet(("no", "yes")), pooling="mean")
        return made[family]

    return get


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("targets", ["query-value", "all-linear"])
def test_every_family_has_places_that_are_told_apart(backbones, family, targets):
    places = find_places(backbones(family), targets)
    assert {place.depth for place in places} == {0, 1}
    assert sum(map(len, by_kind(places).values())) == len(places)


@pytest.mark.parametrize("family", ["bert", "llama"])
def test_injected_factors_answer_as_the_changed_weights_do(backbones, family):
    model = backbones(family).model
    places = find_places(backbones(family), "query-value")
    factors = {p.name: (torch.randn(1, 2, p.d_in), torch.randn(1, p.d_out, 2)) for p in places}
    batch = {"input_ids": torch.tensor([[2, 7, 9, 3]]), "attention_mask": torch.ones(1, 4, dtype=torch.int64)}
    with torch.no_grad():
        before = model(**batch).logits
        with injected(model, factors, scale=0.5):
            found = model(**batch).logits
        modules = dict(model.named_modules())
        for name, (a, b) in factors.items():
            modules[name].weight += 0.5 * b[0] @ a[0]
        wanted = model(**batch).logits
        for name, (a, b) in factors.items():
            modules[name].weight -= 0.5 * b[0] @ a[0]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(found, before)
    assert torch.equal(model(**batch).logits, model(**batch).logits)


def test_tasks_of_a_bank_start_alike_and_a_shared_adapter_is_one():
    bank = AdapterBank(PLACES, 2, n_tasks=3, seed=0)
    factors = bank(torch.arange(3))
    for a, b in factors.values():
        assert torch.equal(a[0], a[2])
        assert torch.equal(b, torch.zeros_like(b))
    shared = AdapterBank(PLACES, 2, n_tasks=3, seed=0, is_shared=True)
    assert sum(p.numel() for p in bank.parameters()) == 3 * sum(p.numel() for p in shared.parameters())
    assert all(len(a) == 2 for a, _ in shared(torch.tensor([0, 2])).values())


def test_the_mean_adapter_is_the_mean_and_taking_repeats():
    a, b = torch.randn(3, 2, 6), torch.randn(3, 6, 2)
    mean_a, mean_b = mean_factors({"x": (a, b)})["x"]
    torch.testing.assert_close(mean_a[0], (a[0] + a[1] + a[2]) / 3)
    torch.testing.assert_close(mean_b[0], (b[0] + b[1] + b[2]) / 3)
    assert torch.equal(take({"x": (a, b)}, torch.tensor([2, 2]))["x"][0], a[[2, 2]])
