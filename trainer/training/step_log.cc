#include "trainer/training/step_log.h"

#include <cmath>

#include "core/json.h"

namespace ftok {

StepLog::StepLog(const std::string& path, uint64_t step)
    : lines_(path, step, [this](simdjson::dom::element line) {
        int64_t number = 0;
        if (line["step"].get(number) != simdjson::SUCCESS) return;
        double loss = NAN;
        if (line["loss"].get(loss) == simdjson::SUCCESS) curve_.training.push_back({number, loss});
        if (line["validation_loss"].get(loss) == simdjson::SUCCESS) curve_.validation.push_back({number, loss});
      }) {}

void StepLog::add(const StepReport& report, const std::optional<Validation>& validation) {
  JsonWriter json;
  json.begin_object().field("step", report.step).field("loss", report.loss);
  json.field("tokens_per_second", std::round(report.tokens_per_second * 10) / 10).field("norm", report.norm);
  json.field("lr", report.learning_rate);
  if (report.mfu > 0) json.field("mfu", std::round(report.mfu * 1e5) / 1e5);
  if (report.skipped) json.field("skipped", true);
  if (validation) json.field("validation_loss", validation->loss);
  if (validation && validation->bits_per_byte) json.field("val_bpb", *validation->bits_per_byte);
  lines_.add(json.end_object().text());
  if (!report.no_targets) curve_.training.push_back({report.step, report.loss});
  if (validation) curve_.validation.push_back({report.step, validation->loss});
}

}  // namespace ftok
