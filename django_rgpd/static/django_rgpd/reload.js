"use strict";

// A page about work that goes on looks again by itself, unless somebody is filling in a form on it or looks elsewhere.
(() => {
  const every = 10000;
  let touched = false;
  document.addEventListener("input", () => {
    touched = true;
  });
  setInterval(() => {
    if (!touched && document.visibilityState === "visible") {
      window.location.reload();
    }
  }, every);
})();
