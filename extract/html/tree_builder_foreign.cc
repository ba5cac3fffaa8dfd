// SVG and MathML (section 13.2.6.5), and the names they spell with capitals.
#include <algorithm>

#include "extract/html/tree_builder.h"

namespace ftok::html {

namespace {

struct Spelling {
  std::string_view lower, adjusted;
};

// clang-format off
constexpr Spelling kSvgTags[] = {
    {"altglyph", "altGlyph"}, {"altglyphdef", "altGlyphDef"}, {"altglyphitem", "altGlyphItem"},
    {"animatecolor", "animateColor"}, {"animatemotion", "animateMotion"}, {"animatetransform", "animateTransform"},
    {"clippath", "clipPath"}, {"feblend", "feBlend"}, {"fecolormatrix", "feColorMatrix"},
    {"fecomponenttransfer", "feComponentTransfer"}, {"fecomposite", "feComposite"},
    {"feconvolvematrix", "feConvolveMatrix"}, {"fediffuselighting", "feDiffuseLighting"},
    {"fedisplacementmap", "feDisplacementMap"}, {"fedistantlight", "feDistantLight"}, {"fedropshadow", "feDropShadow"},
    {"feflood", "feFlood"}, {"fefunca", "feFuncA"}, {"fefuncb", "feFuncB"}, {"fefuncg", "feFuncG"},
    {"fefuncr", "feFuncR"}, {"fegaussianblur", "feGaussianBlur"}, {"feimage", "feImage"}, {"femerge", "feMerge"},
    {"femergenode", "feMergeNode"}, {"femorphology", "feMorphology"}, {"feoffset", "feOffset"},
    {"fepointlight", "fePointLight"},
    {"fespecularlighting", "feSpecularLighting"}, {"fespotlight", "feSpotLight"}, {"fetile", "feTile"},
    {"feturbulence", "feTurbulence"}, {"foreignobject", "foreignObject"}, {"glyphref", "glyphRef"},
    {"lineargradient", "linearGradient"}, {"radialgradient", "radialGradient"}, {"textpath", "textPath"}};

constexpr Spelling kSvgAttributes[] = {
    {"attributename", "attributeName"}, {"attributetype", "attributeType"}, {"basefrequency", "baseFrequency"},
    {"baseprofile", "baseProfile"}, {"calcmode", "calcMode"}, {"clippathunits", "clipPathUnits"},
    {"diffuseconstant", "diffuseConstant"}, {"edgemode", "edgeMode"}, {"filterunits", "filterUnits"},
    {"glyphref", "glyphRef"}, {"gradienttransform", "gradientTransform"}, {"gradientunits", "gradientUnits"},
    {"kernelmatrix", "kernelMatrix"}, {"kernelunitlength", "kernelUnitLength"}, {"keypoints", "keyPoints"},
    {"keysplines", "keySplines"}, {"keytimes", "keyTimes"}, {"lengthadjust", "lengthAdjust"},
    {"limitingconeangle", "limitingConeAngle"}, {"markerheight", "markerHeight"}, {"markerunits", "markerUnits"},
    {"markerwidth", "markerWidth"}, {"maskcontentunits", "maskContentUnits"}, {"maskunits", "maskUnits"},
    {"numoctaves", "numOctaves"}, {"pathlength", "pathLength"}, {"patterncontentunits", "patternContentUnits"},
    {"patterntransform", "patternTransform"}, {"patternunits", "patternUnits"}, {"pointsatx", "pointsAtX"},
    {"pointsaty", "pointsAtY"}, {"pointsatz", "pointsAtZ"}, {"preservealpha", "preserveAlpha"},
    {"preserveaspectratio", "preserveAspectRatio"}, {"primitiveunits", "primitiveUnits"}, {"refx", "refX"},
    {"refy", "refY"}, {"repeatcount", "repeatCount"}, {"repeatdur", "repeatDur"},
    {"requiredextensions", "requiredExtensions"}, {"requiredfeatures", "requiredFeatures"},
    {"specularconstant", "specularConstant"}, {"specularexponent", "specularExponent"},
    {"spreadmethod", "spreadMethod"}, {"startoffset", "startOffset"}, {"stddeviation", "stdDeviation"},
    {"stitchtiles", "stitchTiles"},
    {"surfacescale", "surfaceScale"}, {"systemlanguage", "systemLanguage"}, {"tablevalues", "tableValues"},
    {"targetx", "targetX"}, {"targety", "targetY"}, {"textlength", "textLength"}, {"viewbox", "viewBox"},
    {"viewtarget", "viewTarget"}, {"xchannelselector", "xChannelSelector"}, {"ychannelselector", "yChannelSelector"},
    {"zoomandpan", "zoomAndPan"}};
// clang-format on

template <size_t N>
std::string_view adjust(const Spelling (&table)[N], std::string_view lower) {
  const Spelling* found = std::lower_bound(table, table + N, lower,
                                           [](const Spelling& s, std::string_view name) { return s.lower < name; });
  return found != table + N && found->lower == lower ? found->adjusted : lower;
}

// Start tags that end foreign content.
bool breaks_out(Tag tag) {
  switch (tag) {
    // clang-format off
    case Tag::kB: case Tag::kBig: case Tag::kBlockquote: case Tag::kBody: case Tag::kBr: case Tag::kCenter:
    case Tag::kCode:
    case Tag::kDd: case Tag::kDiv: case Tag::kDl: case Tag::kDt: case Tag::kEm: case Tag::kEmbed: case Tag::kH1:
    case Tag::kH2: case Tag::kH3: case Tag::kH4: case Tag::kH5: case Tag::kH6: case Tag::kHead: case Tag::kHr:
    case Tag::kI:
    case Tag::kImg: case Tag::kLi: case Tag::kListing: case Tag::kMenu: case Tag::kMeta: case Tag::kNobr: case Tag::kOl:
    case Tag::kP: case Tag::kPre: case Tag::kRuby: case Tag::kS: case Tag::kSmall: case Tag::kSpan: case Tag::kStrong:
    case Tag::kStrike: case Tag::kSub: case Tag::kSup: case Tag::kTable: case Tag::kTt: case Tag::kU: case Tag::kUl:
    case Tag::kVar:
      return true;
    // clang-format on
    default: return false;
  }
}

}  // namespace

std::string_view adjust_svg_tag(std::string_view lower) { return adjust(kSvgTags, lower); }

std::string_view adjust_foreign_attribute(std::string_view lower, Namespace name_space) {
  if (name_space == Namespace::kSvg) return adjust(kSvgAttributes, lower);
  return lower == "definitionurl" ? "definitionURL" : lower;
}

bool TreeBuilder::uses_html_rules() const {
  const OpenElement current = adjusted_current();
  if (current.name_space == Namespace::kHtml || token_.kind == TokenKind::kEof) return true;
  const bool start = token_.kind == TokenKind::kStart, text = token_.kind == TokenKind::kText;
  if ((current.flags & kIsMathText) != 0 &&
      ((start && token_.tag != Tag::kMglyph && token_.tag != Tag::kMalignmark) || text)) {
    return true;
  }
  if (current.name_space == Namespace::kMathMl && current.any_tag == Tag::kAnnotationXml && start &&
      token_.tag == Tag::kSvg) {
    return true;
  }
  return (current.flags & kIsHtmlIntegration) != 0 && (start || text);
}

void TreeBuilder::process_foreign() {
  switch (token_.kind) {
    case TokenKind::kText: {
      const std::string_view text = token_.text;
      for (const char c : text) {
        if (c != ' ' && c != '\n' && c != '\t' && c != '\f' && c != '\0') frameset_ok_ = false;
      }
      return insert_text(with_replaced_nul(text));
    }
    case TokenKind::kComment: return insert_comment();
    case TokenKind::kStart: return foreign_start_tag();
    case TokenKind::kEnd: return foreign_end_tag();
    default: return;
  }
}

// Inserts the current start tag as an element of SVG or MathML.
void TreeBuilder::start_foreign(Namespace name_space) {
  for (uint32_t i = 0; i < token_.attribute_count; ++i) {
    Attribute& attribute = dom_.attribute(token_.attribute_begin + i);
    attribute.name_data = adjust_foreign_attribute(attribute.name(), name_space).data();
  }
  if (name_space == Namespace::kSvg) token_.name = adjust_svg_tag(token_.name);
  insert_element(name_space);
  if (token_.self_closing) pop();
}

void TreeBuilder::foreign_start_tag() {
  bool out = breaks_out(token_.tag);
  if (token_.tag == Tag::kFont) {
    for (uint32_t i = 0; i < token_.attribute_count; ++i) {
      const AttributeName id = dom_.attribute(token_.attribute_begin + i).id;
      out |= id == AttributeName::kColor || id == AttributeName::kFace || id == AttributeName::kSize;
    }
  }
  if (!out) return start_foreign(adjusted_current().name_space);
  while (!open_.empty() && top().name_space != Namespace::kHtml &&
         (top().flags & (kIsMathText | kIsHtmlIntegration)) == 0) {
    pop();
  }
  process();
}

void TreeBuilder::foreign_end_tag() {
  if (token_.tag == Tag::kBr || token_.tag == Tag::kP) {
    while (!open_.empty() && top().name_space != Namespace::kHtml &&
           (top().flags & (kIsMathText | kIsHtmlIntegration)) == 0) {
      pop();
    }
    return process();
  }
  for (size_t i = open_.size(); i-- > 0;) {
    step();
    if (i == 0) return;  // the fragment's root
    if (open_[i].name_space == Namespace::kHtml) return process();
    const Node& node = dom_[open_[i].node];
    const bool same = token_.tag != Tag::kUnknown ? node.tag == token_.tag
                                                  : node.tag == Tag::kUnknown && node.size == token_.name.size() &&
                                                        adjust_svg_tag(token_.name) == adjust_svg_tag(node.view());
    if (same || (node.tag == Tag::kUnknown && adjust_svg_tag(token_.name) == node.view())) return pop_through(i);
  }
}

}  // namespace ftok::html
