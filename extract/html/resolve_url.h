// URLs as attributes hold them, read as the URL Standard reads them, as far as http and https need it.
#pragma once

#include <string>
#include <string_view>

namespace ftok::html {

// An attribute's URL: without the white space and controls around it and the tabs and line breaks within, other spaces
// and controls as "%20".
std::string written_url(std::string_view attribute);

// The http or https URL that a reference means on a page at `base` (RFC 3986, 5.2; "\" is "/" and "https:x" is
// relative, as in the URL Standard); empty where it means none. Where no page of http or https is known (`base` is ""),
// only references with a host mean one, and "//host" is https.
std::string resolve_url(std::string_view reference, std::string_view base);

}  // namespace ftok::html
