"""What is asked about each human text."""

from dataclasses import replace
from pathlib import Path

import pytest

from tain.core.errors import ConfigError
from tain.core.example import Example
from tain.mirrors.domains import DOMAINS
from tain.mirrors.prompts import (
    VARIANTS,
    PromptPlan,
    check_variants,
    load_templates,
    material_of,
    plan_prompts,
    read_topic,
    write_from_topic,
)
from tain.mirrors.prompts.material import find_title

BODY = (
    "Phones are a huge distraction while you are on the road. I have seen people drift out of their lane to read a "
    "message. My uncle once hit a parked van that way. He was lucky that nobody sat in it.\n\n"
    "A law was made in Georgia so that drivers keep their hands free. I think that it works. Fewer of us look down "
    "now, and the ones who do get fined."
)
ESSAY = Example("e1", f"Phones and Driving\n\n{BODY}", "human", domain="student_essay", language="en")
CHINESE = Example("z1", "人工智能正在改变世界。许多人对此感到担忧，但也有人充满希望。" * 4, "human", language="zh")


@pytest.fixture(scope="module")
def templates():
    return load_templates()


def asked(prompt):
    return "\n".join(message.content for message in prompt.messages)


def all_prompts(example, **kwargs):
    return {prompt.variant: prompt for prompt in plan_prompts(example, PromptPlan(**kwargs), n=len(VARIANTS))}


def test_every_kind_of_text_ships_a_template(templates):
    assert set(templates.by_name) == {*DOMAINS, "general"}


@pytest.mark.parametrize("name", [*DOMAINS, "general"])
@pytest.mark.parametrize("seed", range(4))
def test_every_phrasing_can_be_filled_in(name, seed, templates):
    example = replace(ESSAY, id=f"p{seed}")
    plan = PromptPlan(seed=seed, templates=templates, overrides={"*": name})
    prompts = plan_prompts(example, plan, n=len(VARIANTS))
    assert {prompt.variant for prompt in prompts} == set(VARIANTS)
    for prompt in (*prompts, write_from_topic(example, "Topic: phones\nForm: essay", plan)):
        text = asked(prompt)
        assert prompt.template == name
        assert "{{" not in text and "{%" not in text and "None" not in text and "  " not in text.replace("\n\n", "")
        assert "English" in text or name == "code"


def test_a_plan_gives_the_same_text_the_same_prompts():
    assert plan_prompts(ESSAY, PromptPlan(seed=3)) == plan_prompts(ESSAY, PromptPlan(seed=3))


def test_texts_share_variants_and_phrasings_evenly():
    plan = PromptPlan(variants=("rewrite", "in_style", "from_opening"))
    prompts = [plan_prompts(replace(ESSAY, id=f"e{i}"), plan)[0] for i in range(300)]
    counts = [sum(prompt.variant == variant for prompt in prompts) for variant in plan.variants]
    assert min(counts) > 70
    assert len({prompt.instructions for prompt in prompts}) > 30


def test_another_attempt_asks_otherwise():
    plan = PromptPlan()
    assert len({asked(plan_prompts(ESSAY, plan, attempt=i)[0]) for i in range(6)}) > 3


def test_the_first_step_shows_the_text_and_the_second_does_not():
    plan = PromptPlan(variants=("from_topic",))
    (first,) = plan_prompts(ESSAY, plan)
    second = write_from_topic(ESSAY, "Topic: phones at the wheel\nForm: a student's essay, plain", plan)
    assert (first.step, second.step) == ("topic", "text")
    assert "parked van" in asked(first)
    assert "parked van" not in asked(second) and "Georgia" not in asked(second)
    assert "phones at the wheel." in asked(second)


def test_variants_show_no_more_than_they_need():
    prompts = all_prompts(ESSAY)
    assert "Phones and Driving" in asked(prompts["from_title"]) and "Georgia" not in asked(prompts["from_title"])
    assert "huge distraction" in asked(prompts["from_opening"]) and "Georgia" not in asked(prompts["from_opening"])
    assert "huge distraction" in asked(prompts["continue"]) and "fined" not in asked(prompts["continue"])
    assert BODY in asked(prompts["rewrite"]) and BODY in asked(prompts["in_style"])


def test_instructions_hold_nothing_of_the_parent():
    for prompt in all_prompts(ESSAY).values():
        assert not {"Georgia", "distraction", "Driving"} & set(prompt.instructions.replace("”", " ").split())


def test_length_and_form_are_asked_for():
    prompt = all_prompts(ESSAY)["rewrite"]
    assert prompt.n_words == 75
    text = asked(prompt)
    assert "about 75 words (" in text.lower() and "3 paragraphs" in text and "first person" in text


def test_a_text_without_spaces_is_asked_for_in_characters():
    prompt = all_prompts(CHINESE)["rewrite"]
    assert prompt.n_words == 108
    assert "about 110 characters" in asked(prompt).lower() and "Chinese" in asked(prompt)


def test_a_text_without_a_title_is_never_asked_for_by_it():
    bare = replace(ESSAY, text=BODY)
    assert "from_title" not in all_prompts(bare)
    (prompt,) = plan_prompts(bare, PromptPlan(variants=("from_title",)))
    assert prompt.variant == "from_topic"
    assert "Given" in asked(plan_prompts(bare, PromptPlan(variants=("from_title",)), title="Given")[0])


def test_a_parents_own_words_pass_as_they_are():
    odd = replace(
        ESSAY, text="Two  spaces {{ title }} {% if %}\n\n\n\nand gaps stay. Nothing here is a template at all."
    )
    assert "Two  spaces {{ title }} {% if %}\n\n\n\nand gaps stay." in asked(all_prompts(odd)["rewrite"])


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"Phones and Driving\n\n{BODY}", "Phones and Driving"),
        (f"# Phones and Driving\n\n{BODY}", "Phones and Driving"),
        (f"Title: Phones\n{BODY}", "Phones"),
        (f"Subject: lunch?\n\n{BODY}", "lunch?"),
        (f"Dear Senator\n\n{BODY}", None),
        (f"Dear Senator,\n\n{BODY}", None),
        (f"This is a sentence.\n\n{BODY}", None),
        ("Short line\n\nand another", None),
        (BODY, None),
    ],
)
def test_titles_are_read_off_first_lines(text, title):
    assert find_title(text)[0] == title


def test_speech_does_not_make_a_story_first_person():
    story = (
        'She looked up. "I am sure that I saw me in my mirror," she said. He was gone and had left nothing behind him.'
    )
    form = material_of(Example("s", story, language="en")).form
    assert (form.person, form.tense) == ("third", "past")


def test_an_unnamed_language_is_detected():
    german = (
        "Die Sitzung beginnt um neun Uhr, und alle Mitglieder des Vereins sind herzlich eingeladen, daran teilzunehmen."
    )
    assert material_of(Example("d", german)).language == "de"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Topic: cars\nForm: essay", ("cars.", "essay.")),
        ("**Topic:** cars, and\nmore of them!\n\n**Form:** essay", ("cars, and more of them!", "essay.")),
        ("It is about cars", ("It is about cars.", "")),
        ("", ("", "")),
    ],
)
def test_topics_are_read_in_any_layout(answer, expected):
    assert read_topic(answer) == expected


class TestOwnTemplates:
    def write(self, folder: Path, name: str, text: str) -> Path:
        (folder / name).write_text(text, encoding="utf-8")
        return folder

    def test_they_replace_one_and_inherit_the_rest(self, tmp_path):
        own = 'version = 7\n[rewrite]\nphrasings = ["Anew, please: {{ text }} {{ rules }}"]\n'
        loaded = load_templates(self.write(tmp_path, "essay.toml", own))
        prompts = all_prompts(ESSAY, templates=loaded)
        assert "Anew, please: Phones" in asked(prompts["rewrite"])
        assert prompts["rewrite"].template_version.startswith("7-")
        assert prompts["in_style"].instructions

    def test_they_may_claim_domains(self, tmp_path):
        own = 'version = 1\nkinds = ["a ruling"]\ndomains = ["LegalDocument", "essay"]\n'
        loaded = load_templates(self.write(tmp_path, "legal.toml", own))
        plan = PromptPlan(templates=loaded)
        assert plan.template_of(replace(ESSAY, domain="legal-document")).name == "legal"
        assert plan.template_of(replace(ESSAY, domain="essay")).name == "legal"
        assert plan.template_of(ESSAY).name == "essay"

    def test_an_edit_without_a_new_number_still_changes_the_version(self, tmp_path):
        first = load_templates(self.write(tmp_path, "essay.toml", 'version = 1\nkinds = ["an essay"]\n'))
        second = load_templates(self.write(tmp_path, "essay.toml", 'version = 1\nkinds = ["a paper"]\n'))
        assert first.get("essay").version != second.get("essay").version

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("version = ", "essay.toml: no valid TOML"),
            ('kinds = ["an essay"]', "version is None; expected a whole number"),
            ('version = 1\nkind = "x"', "unknown kind; expected version, kinds"),
            ("version = 1\nkinds = []", r"kinds is \[\]; expected a list"),
            ('version = 1\n[rewrite]\nask = ["x"]', r"\[rewrite\] is .* expected a table with phrasings"),
            ('version = 1\n[rewrite]\nphrasings = ["{{ txt }}"]', r"\[rewrite\] phrasings 1: unknown txt"),
            ('version = 1\n[rewrite]\nphrasings = ["{{ text"]', r"\[rewrite\] phrasings 1: no valid Jinja"),
        ],
    )
    def test_faults_name_file_and_part(self, tmp_path, text, message):
        with pytest.raises(ConfigError, match=message):
            load_templates(self.write(tmp_path, "essay.toml", text))

    def test_an_empty_folder_is_a_mistake(self, tmp_path):
        with pytest.raises(ConfigError, match=r"no \*\.toml file there"):
            load_templates(tmp_path)

    def test_a_template_reaches_nothing_but_its_variables(self, tmp_path):
        own = 'version = 1\n[rewrite]\nphrasings = ["{{ text.__class__.__mro__ }}"]\n'
        loaded = load_templates(self.write(tmp_path, "essay.toml", own))
        with pytest.raises(ConfigError, match="cannot be filled in"):
            all_prompts(ESSAY, templates=loaded)


def test_unknown_names_are_refused():
    with pytest.raises(ConfigError, match="--variants names sonnet; expected one or more of from_topic"):
        check_variants(["rewrite", "sonnet"])
    with pytest.raises(ConfigError, match="--variants names nothing"):
        check_variants([])
    with pytest.raises(ConfigError, match="no prompt template 'poem'; expected one of"):
        PromptPlan(overrides={"essay": "poem"})
