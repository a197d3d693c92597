"""What is asked of a generator about each human text: templates, variants and phrasings."""

from tain.mirrors.prompts.material import Material, material_of
from tain.mirrors.prompts.plan import Prompt, PromptPlan, plan_prompts, write_from_topic
from tain.mirrors.prompts.templates import Template, Templates, load_templates
from tain.mirrors.prompts.topic import read_topic
from tain.mirrors.prompts.variants import VARIANTS, Variant, check_variants

__all__ = [
    "VARIANTS",
    "Material",
    "Prompt",
    "PromptPlan",
    "Template",
    "Templates",
    "Variant",
    "check_variants",
    "load_templates",
    "material_of",
    "plan_prompts",
    "read_topic",
    "write_from_topic",
]
