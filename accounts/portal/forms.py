"""What people type about a member to be. The fields only carry: `joining.py` says what is right."""
from django import forms

from accounts.joining import Invitee
from accounts.permissions import Role


class InviteeForm(forms.Form):
    login = forms.CharField(max_length=400)
    display_name = forms.CharField(max_length=400)
    role = forms.ChoiceField(choices=[(role.value, role.value) for role in Role])
    licence_number = forms.CharField(required=False, max_length=400)
    certificate_number = forms.CharField(required=False, max_length=400)

    def invitee(self) -> Invitee:
        """Of a valid form."""
        data = self.cleaned_data
        return Invitee(data["login"], data["display_name"], Role(data["role"]), data["licence_number"], data["certificate_number"])
