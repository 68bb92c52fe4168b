// A form that the browser itself sends says when: the service measures this device's clock against its own. Without a script it is unknown.
for (const field of document.querySelectorAll("input[name=client_time]")) {
  field.form.addEventListener("submit", () => { field.value = String(Date.now()); });
}
