"""The teacher's part of the loss: nothing where both agree, and the known limits of its gradient."""

import torch

from tain.training.distillation import distillation_loss

WEIGHTS = torch.ones(4)


def drawn(seed: int, n_labels: int = 3) -> torch.Tensor:
    return torch.randn(4, n_labels, generator=torch.Generator().manual_seed(seed))


def test_a_student_that_says_the_same_has_no_loss_and_no_gradient():
    student = drawn(0).requires_grad_()
    # A constant added to the logits of a text changes nothing that they say.
    loss = distillation_loss(student, student.detach() + 5.0, WEIGHTS, temperature=2.0)
    loss.backward()
    torch.testing.assert_close(loss, torch.tensor(0.0), atol=1e-6, rtol=0)
    torch.testing.assert_close(student.grad, torch.zeros(4, 3), atol=1e-6, rtol=0)


def test_it_equals_the_definition():
    student, teacher = drawn(1), drawn(2)
    p, q = ((x / 1.7).softmax(-1) for x in (teacher, student))
    expected = (p * (p.log() - q.log())).sum(-1).mean() * 1.7**2
    torch.testing.assert_close(distillation_loss(student, teacher, WEIGHTS, temperature=1.7), expected)


def test_at_a_high_temperature_the_gradient_is_the_difference_of_logits():
    student, teacher = drawn(3).requires_grad_(), drawn(4)
    distillation_loss(student, teacher, WEIGHTS, temperature=1e3).backward()
    centred = [x - x.mean(-1, keepdim=True) for x in (student.detach(), teacher)]
    torch.testing.assert_close(student.grad, (centred[0] - centred[1]) / 3 / 4, atol=1e-3, rtol=0)


def test_weights_scale_each_text():
    student, teacher = drawn(5), drawn(6)
    alone = distillation_loss(student[:1], teacher[:1], torch.ones(1), temperature=2.0)
    only_first = distillation_loss(student, teacher, torch.tensor([4.0, 0.0, 0.0, 0.0]), temperature=2.0)
    torch.testing.assert_close(only_first, alone)


def test_each_text_is_held_against_its_own_row_of_the_teacher():
    # The released code of KD-LoRA takes one row of the teacher's logits for the whole batch.
    student, teacher = drawn(7), drawn(8)
    rows = [distillation_loss(student[i : i + 1], teacher[i : i + 1], torch.ones(1), temperature=2.0) for i in range(4)]
    found = distillation_loss(student, teacher, WEIGHTS, temperature=2.0)
    torch.testing.assert_close(found, torch.stack(rows).mean())
    one_row = distillation_loss(student, teacher[2].expand(4, 3), WEIGHTS, temperature=2.0)
    assert abs(one_row - found) > 0.1
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(distillation_loss(student[order], teacher[order], WEIGHTS, temperature=2.0), found)
