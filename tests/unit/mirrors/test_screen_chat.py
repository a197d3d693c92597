"""Phrases of chat models, and phrases of people that look like them."""

import pytest

from tain.mirrors.screen.chat import find_chat, find_refusal
from tain.mirrors.screen.leak import find_leak
from tain.mirrors.screen.residue import find_markup, find_placeholder

PARENT = "The market opens at nine. Most stalls sell fruit."
# First lines of answers in public corpora of model output, and their like in other languages.
OPENERS = [
    "Sure! Here is a rewritten version of the text:\n\nThe market",
    "Certainly. Here is a more formal version of the text:\n\nThe market",
    "Absolutely! Here’s a more enthusiastic version:\n\nThe market",
    "Sure thing. Here it is:\n\nThe market",
    'Here is the revised text: "The market',
    "Here's a 1670 word story based on the prompt:\n\nThe market",
    'Here is a 620 word story for the prompt "When you sleep, do you dream? I do.":\n\nThe market',
    "The refined version of the text is as follows:\n\nThe market",
    "**Here is an essay about markets:**\n\nThe market",
    "I'd be happy to provide feedback on your piece. Overall",
    "Natürlich! Hier ist der Aufsatz:\n\nDer Markt",
    "Hier ist ein Artikel über den Markt:\nDer Markt",
    "Bien sûr ! Voici un texte sur le marché :\n\nLe marché",
    "¡Claro! Aquí tienes un ensayo:\n\nEl mercado",
    "Certo! Ecco il testo:\n\nIl mercato",
    "Claro! Aqui está o texto:\n\nO mercado",
    "Natuurlijk! Hier is de tekst:\n\nDe markt",
    "Oczywiście! Oto tekst:\n\nRynek",
    "Конечно! Вот текст о рынке:\n\nРынок",
    "Tabii ki! İşte metin:\n\nPazar",
    "当然！以下是一篇关于市场的文章：\n\n市场",
    "もちろんです。以下は市場についての文章です。\n\n市場",
    "물론입니다! 다음은 시장에 대한 글입니다:\n\n시장",
    "بالتأكيد! إليك النص:\n\nالسوق",
    "ज़रूर! यहाँ लेख है:\n\nबाज़ार",
]
CLOSERS = [
    "It closes at six. Would you like me to add more detail?",
    "It closes at six.\n\nI hope this helps!",
    "It closes at six.\n\n(Word count: 312)",
    "It closes at six. (1117 Words)",
    "It closes at six.\n\nNote: This text is fictional.",
    "It closes at six. Feel free to adjust it to your needs!",
    "It closes at six.\n\n---\n\nI hope this version meets your expectations!",
    "Er schließt um sechs. Lassen Sie mich wissen, ob ich etwas ändern soll.",
    "Il ferme à six heures. N'hésitez pas à me dire si cela convient !",
    "Cierra a las seis. ¡Espero que te sea de ayuda!",
    "Он закрывается в шесть. Дайте знать, если нужно что-то изменить!",
    "六点关门。希望这篇文章对你有帮助！",
    "六時に閉まります。お役に立てれば幸いです。",
]
SELF = [
    "As an AI language model, I don't have a favourite stall.",
    "Prices rose. As a language model AI, I have no opinion, as I cannot shop.",
    "My training data ends before the market was rebuilt.",
    "Als KI-Sprachmodell habe ich keine Meinung.",
    "En tant qu'intelligence artificielle, je n'ai pas d'avis.",
    "作为一个人工智能语言模型，我没有意见。",
]
REFUSALS = [
    "I'm sorry, but I can't assist with that request.",
    "I cannot fulfill this request.",
    "I will not write a story with that premise, as it is harmful.",
    "Unfortunately, I am unable to generate this content.",
    "I apologize, but I cannot create content that copies the text.",
    "It looks like you didn't include the text.",
    "Please provide the text you would like me to rewrite.",
    "Es tut mir leid, aber ich kann dabei nicht helfen.",
    "Je suis désolé, mais je ne peux pas répondre à cette demande.",
    "Lo siento, pero no puedo ayudar con eso.",
    "Извините, но я не могу выполнить эту просьбу.",
    "很抱歉，我无法满足您的要求。",
    "申し訳ありませんが、そのご要望にはお応えできません。",
]
HUMAN = [
    "Sure, I was angry. But here is the thing: nobody else was.",
    "Here are the facts. The market closed.",
    "Of course the market was closed; it always is.",
    "Okay so I went there last week and it was closed.",
    "Voici le marché de mon enfance, avec ses étals.",
    "Hier ist der Markt noch, wie er war.",
    "I'm sorry, but I can't eat another peach, she said.",
    "Sorry for not writing sooner, it's been a busy weekend.",
    "Sorry I could not provide a better picture of it, my phone died.",
    "I can't provide for them all, he thought.",
    "Robots may one day act as an AI model of a trader would.",
    "Please note that the market will close early.",
    "I hope this finds you well. The market opens at nine, and I shall be there with the others.",
    "Let me know if you are coming so that I can save you a seat at the long table, where all of us will sit. See you.",
    "これは市場の話です。",
    "Here's how it works: you pay first.",
]


def chat(text, parent=PARENT):
    return [rejection.detail for rejection in find_chat(parent, text)]


@pytest.mark.parametrize("text", OPENERS)
def test_openers_are_seen(text):
    assert [detail.split(" “")[0] for detail in chat(text)] == ["opens with"]


@pytest.mark.parametrize("text", CLOSERS)
def test_closers_are_seen(text):
    assert {detail.split(" “")[0] for detail in chat(text)} & {"offers", "closes with"}


@pytest.mark.parametrize("text", SELF)
def test_talk_of_itself_is_seen(text):
    assert any(detail.startswith("speaks of itself") for detail in chat(text))


@pytest.mark.parametrize("text", REFUSALS)
def test_refusals_are_seen(text):
    assert [each.reason for each in find_refusal(PARENT, text, None)] == ["refusal"]


@pytest.mark.parametrize("text", HUMAN)
def test_people_may_talk_as_they_do(text):
    assert chat(text) == []
    assert list(find_refusal(PARENT, text, "stop")) == []
    assert list(find_leak(PARENT, text, "", max_run=9)) == []


@pytest.mark.parametrize("text", [*OPENERS, *CLOSERS, *SELF])
def test_what_the_parent_does_too_passes(text):
    assert chat(text, parent=text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Dear [Your Name], the market",
        "[Restaurant Name] was great",
        "at [Insert Name] we",
        "Sehr geehrter [Ihr Name],",
        "We sell {topic} here",
        "{{ title }} is sold",
        "Lorem ipsum dolor",
        "He paid XXX for it",
        "on XX/XX/2020",
        "TODO: more",
        "the price of ____ is",
        "Dear <customer name>, hello",
    ],
)
def test_gaps_are_seen(text):
    assert [each.reason for each in find_placeholder(PARENT, text)] == ["placeholder"]
    assert list(find_placeholder(text, text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "Super Bowl XXX was played",
        "Chapter XXX begins",
        "as shown in [1] and [12, p. 4]",
        "he said [sic] that",
        "see [the market](https://x.org)",
        "the set $\\{x\\}$ and $M_{max}$ and $e^{iota}$ and {\\bf x}",
        "f(x) = {x, y}",
        "____________________\nJohn",
        "xxx, your mum",
        "[City](https://city.org) news",
        "a cost of $X per unit",
    ],
)
def test_what_only_looks_like_a_gap_passes(text):
    assert list(find_placeholder(PARENT, text)) == []


@pytest.mark.parametrize(
    "text", ["## Market", "a **bold** word", "```\ncode\n```", "done<|im_end|>", "[INST] go [/INST]"]
)
def test_marks_are_seen(text):
    assert [each.reason for each in find_markup(PARENT, text, is_prose=True)] == ["markup"]


@pytest.mark.parametrize(
    "text", ["#1 on the list", "2**3 and 3**2", "a * b * c", "#justsaying", "- an item\n- another"]
)
def test_what_only_looks_like_a_mark_passes(text):
    assert list(find_markup(PARENT, text, is_prose=True)) == []


@pytest.mark.parametrize(
    "text",
    [
        "<opening>The market</opening>",
        "The passage you provided is about markets.",
        "As requested, a text on markets.",
        "Rewritten text: The market",
        "The prompt asks for a market.",
        "The passage discusses how markets open.",
        "Prompt: a market\n\nIt opened at nine.",
        "In this concise review, the author praises the market.",
    ],
)
def test_talk_of_the_task_is_seen(text):
    assert [each.reason for each in find_leak(PARENT, text, "", max_run=9)] == ["prompt_leak"]


def test_a_subject_named_by_the_parent_is_no_leak():
    name = "The Society for the Preservation of Old Market Halls in Northern England and Wales"
    told = f"Write an article about {name}."
    text = f"{name} was founded in 1901."
    assert list(find_leak(f"{name} is a charity.", text, told, max_run=9)) == []
    assert [each.reason for each in find_leak(PARENT, text, told, max_run=9)] == ["prompt_leak"]
