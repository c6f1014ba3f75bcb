<?php
// As tells.cjs of the kind node, in PHP.
$uri = $_SERVER["REQUEST_URI"];
switch (explode("/", explode("?", $uri)[0])[1]) {
  case "none":
    http_response_code(204);
    exit;
  case "same":
    header('ETag: "x"');
    if (isset($_SERVER["HTTP_IF_NONE_MATCH"])) http_response_code(304);
    exit;
  case "fails":
    http_response_code(500);
    exit("own page");
  case "cookies":
    header("Set-Cookie: a=1", false);
    header("Set-Cookie: b=2", false);
    exit("cookies");
  case "large":
    header("X-Large: " . str_repeat("a", 9000));
    exit("large");
  case "take":
    $file = $_FILES["file"] ?? null;
    if ($file) exit("$file[size] " . hash_file("sha256", $file["tmp_name"]));
    $body = file_get_contents("php://input");
    exit(strlen($body) . " " . hash("sha256", $body));
  case "full":
    exit((string) $_FILES["file"]["error"]);
  case "own":
    header("Location: http://$_SERVER[HTTP_HOST]/there");
    exit;
}
$headers = [];
foreach ($_SERVER as $name => $value)
  if (str_starts_with($name, "HTTP_")) $headers[strtolower(strtr(substr($name, 5), "_", "-"))] = $value;
echo json_encode([
  "method" => $_SERVER["REQUEST_METHOD"],
  "uri" => $uri,
  "body" => file_get_contents("php://input"),
  "scheme" => $_SERVER["REQUEST_SCHEME"],
  "port" => $_SERVER["SERVER_PORT"],
  "secure" => $_SERVER["HTTPS"] ?? "off",
  "headers" => $headers,
]);
