/**
 * Directives of php.ini that an account may set: what a program may use, how it shows errors, times and sizes
 * (https://www.php.net/manual/en/ini.list.php). Not here: what loads code into PHP (`extension`), what this kind sets itself (logs,
 * directories), and what the platform has (mail).
 */
export const directives = [
  ...["allow_url_fopen", "arg_separator.output", "assert.exception", "auto_detect_line_endings"],
  ...["date.timezone", "default_charset", "default_socket_timeout", "disable_functions"],
  ...["display_errors", "display_startup_errors", "error_reporting", "html_errors", "ignore_repeated_errors"],
  ...["log_errors", "intl.default_locale", "intl.error_level"],
  ...["max_execution_time", "max_file_uploads", "max_input_nesting_level", "max_input_time", "max_input_vars"],
  ...["mbstring.language", "memory_limit", "mysqli.default_socket", "pdo_mysql.default_socket"],
  ...["opcache.enable", "opcache.interned_strings_buffer", "opcache.jit", "opcache.jit_buffer_size"],
  ...["opcache.max_accelerated_files", "opcache.memory_consumption", "opcache.revalidate_freq"],
  ...["opcache.save_comments", "opcache.validate_timestamps"],
  ...["output_buffering", "pcre.backtrack_limit", "pcre.jit", "pcre.recursion_limit", "post_max_size", "precision"],
  ...["realpath_cache_size", "realpath_cache_ttl", "request_order", "serialize_precision"],
  ...["session.cookie_httponly", "session.cookie_lifetime", "session.cookie_samesite", "session.cookie_secure"],
  ...["session.gc_maxlifetime", "session.name", "session.use_strict_mode"],
  ...["short_open_tag", "upload_max_filesize", "variables_order", "zend.assertions", "zlib.output_compression"],
] as const;
