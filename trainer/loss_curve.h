// A plot of a run's losses: SVG for a file, block characters for a terminal. Both depend on the points alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ftok {

struct CurvePoint {
  int64_t step = 0;
  double loss = 0;
};

struct LossCurve {
  std::vector<CurvePoint> training, validation;  // by rising step
  int64_t steps = 0;                             // of the whole run: the end of the axis
};

// What the picture says of the curves.
struct CurveNames {
  std::string quantity = "loss, nats per token";  // along the vertical axis
  std::string training = "training", validation = "validation";
};

// A picture of 800 x 400: training losses (the mean of each of up to 800 equal stretches), validation losses with
// points, axes with round numbers.
std::string loss_svg(const LossCurve& curve, const std::string& title, const CurveNames& names = {});

// `height` lines of at most `width` characters, without colours: a column for each stretch of the steps there are (not
// of all steps of the run), in eighths of a line. Empty when there is no point.
std::vector<std::string> loss_lines(const LossCurve& curve, int width, int height);

}  // namespace ftok
