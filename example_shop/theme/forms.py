"""How the shop's forms look: one field a block, its label, its hint and its errors tied to it."""

from django.forms.renderers import TemplatesSetting


class ShopRenderer(TemplatesSetting):
    """Renders forms and fields by the shop's own templates."""

    form_template_name = "theme/form.html"
    field_template_name = "theme/field.html"
