// Passkeys: WebAuthn ceremonies for forms marked data-passkey="create", "get" or "login". The form's hidden field takes what comes out.
// A browser that cannot do it keeps the sentence that says so, and the button stays hidden.
const able = window.PublicKeyCredential
  && PublicKeyCredential.parseCreationOptionsFromJSON && PublicKeyCredential.parseRequestOptionsFromJSON;

async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options).publicKey;
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no options");
  return (await answer.json()).request_options.publicKey;
}

async function ceremony(form) {
  const options = await optionsOf(form);
  if (form.dataset.passkey === "create") {
    // Kept by the authenticator and opened by its holder, so that it can stand for the password too.
    options.authenticatorSelection = {
      ...options.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required",
    };
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
  }
  if (form.dataset.passkey === "login") options.userVerification = "required";
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}

async function run(form) {
  const failed = form.querySelector("[data-passkey-failed]");
  failed.hidden = true;
  try {
    form.elements.credential.value = JSON.stringify((await ceremony(form)).toJSON());
    form.submit();
  } catch {
    failed.hidden = false; // refused, timed out, or no such key: the holder may try again
  }
}

if (able) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button");
    form.querySelector("[data-without-passkeys]").hidden = true;
    button.hidden = false;
    button.addEventListener("click", () => run(form));
  }
}
