// How names and fields that come from outside are written down and shown: always UTF-8, without secrets, and on a
// terminal without characters that steer it.
//
// The one escape form: a byte that is not UTF-8 is written `\xNN` with two lower-case hexadecimal digits. A backslash
// before an `x` is written `\x5c`, so the form can be read back without doubt; all else stands as it is.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

// `text` in the escape form: the result is UTF-8, and the same as `text` where that is UTF-8 without "\x".
std::string escape_bytes(std::string_view text);

// The bytes that escape_bytes() was given.
std::string unescape_bytes(std::string_view text);

// `text` for a line on a terminal: what is not UTF-8 and what steers a terminal (the control characters U+0000 to
// U+001F and U+007F to U+009F, the marks that turn the direction of writing: U+061C, U+200E, U+200F, U+202A to U+202E,
// U+2066 to U+2069) as the `\xNN` of its bytes. For reading, not for reading back. With `lines`, line feeds and tabs
// stay.
std::string printable(std::string_view text, bool lines = false);

// A field of a line that people read and scripts take apart: printable(), and read back by unescape_bytes().
std::string shown_field(std::string_view text);

// An address (SCHEME://...) without what opens a door: without user name and password, and with `***` for the values of
// query parameters whose names say that they are secret or sign the address (they hold "auth", "code", "cred", "jwt",
// "key", "pass", "policy", "pwd", "secret", "session", "sig" or "token", in any case). Anything else as it is.
std::string without_secrets(std::string_view address);

// A message without them: without_secrets() of each address in it, which ends at white space or a quotation mark. For
// everything that shows or keeps a message, since messages quote what a user gave.
std::string hide_secrets(std::string_view message);

// An input as records, manifests, receipts and messages name it: without_secrets() and escape_bytes().
std::string shown_input(std::string_view input);

}  // namespace ftok
