// The section [optimizer] of a training recipe: AdamW (Loshchilov and Hutter 2019), Muon (Jordan et al. 2024), and
// clipping by the global norm.
#pragma once

#include <string>

#include "core/options.h"

namespace ftok {

struct OptimizerOptions {
  double beta_1 = 0.9;
  double beta_2 = 0.95;
  double epsilon = 1e-8;
  double weight_decay = 0.1;
  double clip_norm = 1.0;
  std::string matrices = "adamw";
  double muon_momentum = 0.95;
  double muon_rate = 1.0;

  bool has_muon() const { return matrices == "muon"; }

  void visit(OptionVisitor& visitor) {
    visitor.field("beta_1", beta_1, "decay rate of the first moment (GPT-3, appendix B)");
    visitor.field("beta_2", beta_2, "decay rate of the second moment (GPT-3, appendix B)");
    visitor.field("epsilon", epsilon, "number added to the root of the second moment (GPT-3, appendix B)");
    visitor.field("weight_decay", weight_decay,
                  "weight decay of matrices and embeddings; gains and biases have none (GPT-3, appendix B)");
    visitor.field("clip_norm", clip_norm,
                  "gradients are scaled down to this global norm (GPT-3, appendix B); 0: never");
    visitor.choice("matrices", matrices, {"adamw", "muon"},
                   "what updates the matrices inside the blocks; AdamW updates embeddings, gains and biases");
    visitor.field("muon_momentum", muon_momentum, "muon: decay rate of the momentum (Jordan et al. 2024)");
    visitor.field(
        "muon_rate", muon_rate,
        "muon: learning rate of the matrices as a multiple of the schedule's; 1 gives updates of AdamW's size "
        "(Liu et al. 2025, section 2.2)");
  }
  void check() const;  // throws UsageError naming the key that is out of range
};

}  // namespace ftok
