// What cannot be undone is asked for by name: the button works once the name is typed. Other forms send themselves when they change.
document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches("[data-confirm-name]")) return;
  const typed = field.value.trim().toLocaleLowerCase();
  const is_right = typed === field.dataset.confirmName.trim().toLocaleLowerCase();
  for (const button of field.form.querySelectorAll("[data-needs-name]")) button.disabled = !is_right;
});

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-send-on-change]")) form.requestSubmit();
});
