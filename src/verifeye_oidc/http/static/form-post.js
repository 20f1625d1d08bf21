// The answer to the application (OAuth 2.0 Form Post Response Mode). Without JavaScript its button sends it.
document.getElementById("answer").submit();
