// The link's token comes in the fragment, which no browser sends and no log has: it goes into the form, and out of the address.
const token = location.hash.slice(1);
const field = document.querySelector("[data-token-field]");
if (token && field) {
  field.querySelector("input").value = token;
  field.hidden = true;
  history.replaceState(null, "", location.pathname);
  document.querySelector("input[name=name]").focus();
}
