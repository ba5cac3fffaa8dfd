#include "filters/language_labels.h"

namespace ftok {
namespace {

// ISO 639-3 and ISO 639-1, five letters a language, in order. A single language of a macrolanguage that models label
// by its own code has that of the macrolanguage: Mandarin (cmn) is zh, Bokmål (nob) is no, as in lid.176.
constexpr std::string_view kCodes =
    "aaraaabkabafrafakaakalssqamhamaraararbararganasmasavaavaymayayrayazeazazjazbakbabambmbelbebenbnbisbi"
    "bodbobosbsbrebrbulbgcatcacescschachchecechvcvcmnzhcorkwcoscocrecrcymcydandadeudedivdvdzodzekketellel"
    "engenepoeoesteteuseueweeefaofofasfafijfjfiltlfinfifrafrfryfyfulffgazomglagdglegaglgglglvgvgrngnguggn"
    "gujguhaththauhahebheherhzhinhihmohohrvhrhunhuhyehyiboigidoioiiiiiikuiuileieinaiaindidipkikislisitait"
    "javjvjpnjakalklkanknkaskskatkakaukrkazkkkhkmnkhmkmkikkikinrwkirkykmrkukomkvkonkgkorkokuakjkurkulaolo"
    "latlalavlvlimlilinlnlitltltzlblubluluglglvslvmahmhmalmlmarmrmkdmkmlgmgmltmtmonmnmrimimsamsmyamynauna"
    "navnvnblnrndendndongnepnenldnlnnonnnobnonornonpinenyanyociocojiojoriorormomoryorossospanpapbtpspesfa"
    "plipipltmgpolplporptpuspsqueququyqurohrmronrorunrnrusrusagsgsansasinsislkskslvslsmesesmosmsnasnsndsd"
    "somsosotstspaessqisqsrdscsrpsrsswsssunsuswaswswesvswhswtahtytamtatatttteltetgktgtgltlthathtirtitonto"
    "tsntntsotstuktkturtrtwitwuigugukrukurduruzbuzuznuzvenvevievivolvowlnwawolwoxhoxhyddyiyidyiyoryozhaza"
    "zhozhzsmmszulzu";
constexpr size_t kEntry = 5;

// "deu" -> "de"; any other code as it stands.
std::string_view short_code(std::string_view code) {
  if (code == "nb") return "no";
  if (code.size() != 3) return code;
  for (size_t at = 0; at < kCodes.size(); at += kEntry) {
    if (kCodes.substr(at, 3) == code) return kCodes.substr(at + 3, 2);
  }
  return code;
}

struct LabelParts {
  std::string_view code, script;
};

LabelParts parts_of(std::string_view label) {
  const size_t mark = label.find('_');
  if (mark == std::string_view::npos) return {short_code(label), {}};
  return {short_code(label.substr(0, mark)), label.substr(mark + 1)};
}

}  // namespace

bool is_same_language(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const LabelParts left = parts_of(a), right = parts_of(b);
  return left.code == right.code && (left.script.empty() || right.script.empty() || left.script == right.script);
}

}  // namespace ftok
