// RightsStage ("rights"): what a page reserves of its rights by machine-readable means, as numbers of the document.
//   noai  "noai" in an X-Robots-Tag field or in <meta name="robots">: not to be trained on
//   tdm   a field `tdm-reservation: 1`, or <meta name="tdm-reservation" content="1">: text and data mining is reserved
//         (TDM Reservation Protocol, W3C community group, sections 3.1 and 3.3; /.well-known/tdmrep.json is not asked)
//
// It stands before `http`, which uses up the response; of the body it reads the first kBytesRead bytes, out of chunks
// and codings. Pages in UTF-16 are judged by their fields alone. It labels, and drops only where the recipe says so:
// rights.noai, rights.tdm.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"
#include "document/stage_kind.h"

namespace ftok {

struct RightsOptions {
  bool noai_drop = false;
  bool tdm_drop = false;

  void visit(OptionVisitor& visitor) {
    visitor.field("noai_drop", noai_drop, "drop pages that say noai; else they are labelled rights_noai = 1");
    visitor.field("tdm_drop", tdm_drop,
                  "drop pages that reserve text and data mining; else they are labelled rights_tdm = 1");
  }
  std::vector<std::string> score_names(const std::string& stage) const { return {stage + "_noai", stage + "_tdm"}; }
};

struct Rights {
  bool noai = false, tdm_reserved = false;
};

// What the first bytes of a page in an encoding above ASCII say. Comments are passed over. Linear.
Rights rights_of_page(std::string_view html);

class RightsStage : public Stage {
 public:
  static constexpr size_t kBytesRead = size_t{256} << 10;

  explicit RightsStage(RightsOptions options) : options_(options) {}
  static std::unique_ptr<const Stage> make(const RightsOptions& options, const StageContext& context);

  std::string_view name() const override { return "rights"; }
  using Stage::process;
  Verdict process(Document& document, Report* report) const override;

 private:
  RightsOptions options_;
  Reason noai_name_ = "rights_noai", tdm_name_ = "rights_tdm";
};

}  // namespace ftok
