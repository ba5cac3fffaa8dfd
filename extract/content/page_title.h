// The title of a page without the name of its site: "Of mills | The Weir" and "The Weir - Of mills" are "Of mills".
#pragma once

#include <string>
#include <string_view>

namespace ftok::html {

// What is known of a page that tells which part of a title is the site's.
struct TitleFacts {
  std::string_view site;     // its name, as the page states it
  std::string_view heading;  // the page's first heading of rank 1
  std::string_view address;  // of the page; the host may be the name without spaces
};

// The part of a title that a "|", a dash between spaces or another sign sets apart from the site's name, at its
// beginning or end: a part that is the name, or that is the host without its suffix, or the rest where that is the
// heading. The title itself where none is.
std::string title_without_site(std::string_view title, const TitleFacts& facts);

}  // namespace ftok::html
