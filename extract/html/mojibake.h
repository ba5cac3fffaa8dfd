// Mojibake: UTF-8 that was once read as windows-1252 or Latin-1 and stored as what that gave ("cafÃ©", "itâ€™s").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ftok::html {

// Undoes one such round where it is certain, in a page of UTF-8: fills `out` with the page as it was meant and gives
// the number of characters made right; 0 leaves `out` empty, and the page is what it should be. Runs of characters
// whose windows-1252 bytes are UTF-8 are repaired in each stretch of text (between "<", ">" and line breaks) that has
// no accented letter beside them but remnants (below), on pages with two different such runs or one of three bytes and
// more: "AMANHÃ…" alone may be meant. A remnant is such a run that lost its last byte: "Ã" before white space, which is
// "à" and ate a no-break space, and "â€", which is "”". Time in proportion to the page.
uint64_t repair_mojibake(std::string_view page, std::string& out);

}  // namespace ftok::html
