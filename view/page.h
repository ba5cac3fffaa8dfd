// The page of `ftok view`: one file of HTML with its styles and scripts in it, which loads nothing from anywhere.
#pragma once

#include <string>
#include <string_view>

namespace ftok {

extern const char kViewHtml[], kViewCss[], kViewJs[];  // view/pages/

// The page. `nonce`: what its scripts and styles carry, so that the browser runs no others; empty in a file, where the
// page itself carries a policy that allows no connection. `data`: a JSON object of answers by their addresses, for a
// page without a server ("" with one).
std::string view_page(std::string_view nonce, std::string_view data);

}  // namespace ftok
