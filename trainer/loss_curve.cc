#include "trainer/loss_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace ftok {
namespace {

constexpr int kWidth = 800, kHeight = 400, kLeft = 56, kRight = 16, kTop = 36, kBottom = 40;
constexpr int kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = kHeight - kTop - kBottom;

// The mean loss of each of `columns` equal stretches of the run's steps; NaN where a stretch has no point.
std::vector<double> means_of(const std::vector<CurvePoint>& points, int64_t steps, int columns) {
  std::vector<double> sums(static_cast<size_t>(columns)), counts(sums);
  for (const CurvePoint& point : points) {
    if (!std::isfinite(point.loss)) continue;
    const int64_t column =
        std::clamp<int64_t>((point.step - 1) * columns / std::max<int64_t>(1, steps), 0, columns - 1);
    sums[static_cast<size_t>(column)] += point.loss;
    counts[static_cast<size_t>(column)] += 1;
  }
  for (size_t i = 0; i < sums.size(); ++i) sums[i] = counts[i] > 0 ? sums[i] / counts[i] : NAN;
  return sums;
}

struct Range {
  double least = INFINITY, most = -INFINITY;
  void take(double value) {
    if (!std::isfinite(value)) return;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  bool empty() const { return least > most; }
};

// 1, 2 or 5 times a power of ten, so that about `count` of them span `length`.
double round_step(double length, int count) {
  const double rough = length / count, power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power) return factor * power;
  }
  return 10 * power;
}

// Where things lie in the picture.
struct Plot {
  double least, most;
  int64_t steps;
  double x(double step) const { return kLeft + step / static_cast<double>(std::max<int64_t>(1, steps)) * kPlotWidth; }
  double y(double loss) const { return kTop + (most - loss) / (most - least) * kPlotHeight; }
};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return out;
}

void add_axes(std::string& svg, const Plot& plot, const std::string& quantity) {
  const double every = round_step(plot.most - plot.least, 6);
  const double first = std::ceil(plot.least / every);
  for (int i = 0; (first + i) * every <= plot.most + 1e-9; ++i) {
    const double loss = first + i == 0 ? 0 : (first + i) * every;  // not -0
    svg += fmt::format("<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>\n", kLeft, plot.y(loss),
                       kWidth - kRight, plot.y(loss));
    svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.4g}</text>\n", kLeft - 6, plot.y(loss) + 4,
                       loss);
  }
  const double stride = std::max(1.0, round_step(static_cast<double>(plot.steps), 8));
  for (double step = 0; step <= static_cast<double>(plot.steps); step += stride) {
    svg += fmt::format("<line x1=\"{:.1f}\" y1=\"{}\" x2=\"{:.1f}\" y2=\"{}\" stroke=\"#999\"/>\n", plot.x(step),
                       kHeight - kBottom, plot.x(step), kHeight - kBottom + 4);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", plot.x(step),
                       kHeight - kBottom + 18, step);
  }
  svg += fmt::format("<line x1=\"{0}\" y1=\"{1}\" x2=\"{2}\" y2=\"{1}\" stroke=\"#999\"/>\n", kLeft, kHeight - kBottom,
                     kWidth - kRight);
  svg +=
      fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">step</text>\n", kLeft + kPlotWidth / 2, kHeight - 6);
  svg += fmt::format("<text x=\"14\" y=\"{}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {})\">{}</text>\n",
                     kTop + kPlotHeight / 2, kTop + kPlotHeight / 2, escaped(quantity));
}

// At the right end, as wide as the names need.
void add_legend(std::string& svg, const CurveNames& names, bool validation) {
  constexpr int kLetter = 6, kMark = 26, kGap = 30;  // pixels; the mean width of a letter at 12 pixels
  int x = kWidth - kRight;
  if (validation) {
    x -= kLetter * static_cast<int>(names.validation.size()) + kMark - 12;
    svg += fmt::format("<circle cx=\"{}\" cy=\"20\" r=\"3\" fill=\"#d62728\"/><text x=\"{}\" y=\"24\">{}</text>\n", x,
                       x + 8, escaped(names.validation));
    x -= kGap;
  }
  x -= kLetter * static_cast<int>(names.training.size()) + kMark;
  svg += fmt::format(
      "<line x1=\"{0}\" y1=\"20\" x2=\"{1}\" y2=\"20\" stroke=\"#1f77b4\" stroke-width=\"1.5\"/><text x=\"{2}\" "
      "y=\"24\">{3}</text>\n",
      x, x + 20, x + 25, escaped(names.training));
}

}  // namespace

std::string loss_svg(const LossCurve& curve, const std::string& title, const CurveNames& names) {
  const std::vector<double> means = means_of(curve.training, curve.steps, kWidth);
  Range range;
  for (const double mean : means) range.take(mean);
  for (const CurvePoint& point : curve.validation) range.take(point.loss);
  if (range.empty()) range = {0, 1};
  const double margin = std::max(0.05, 0.05 * (range.most - range.least));
  const Plot plot{range.least - margin, range.most + margin, curve.steps};
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" fill=\"white\"/>\n",
      kWidth, kHeight);
  svg += fmt::format("<text x=\"{}\" y=\"24\" font-size=\"14\">{}</text>\n", kLeft, escaped(title));
  add_axes(svg, plot, names.quantity);
  add_legend(svg, names, !curve.validation.empty());
  svg += "<polyline fill=\"none\" stroke=\"#1f77b4\" stroke-width=\"1.5\" points=\"";
  for (size_t i = 0; i < means.size(); ++i) {
    if (std::isfinite(means[i])) {
      svg += fmt::format("{:.1f},{:.1f} ",
                         plot.x((static_cast<double>(i) + 0.5) / kWidth * static_cast<double>(curve.steps)),
                         plot.y(means[i]));
    }
  }
  svg += "\"/>\n";
  std::string line, points;
  for (const CurvePoint& point : curve.validation) {
    if (!std::isfinite(point.loss)) continue;
    const double x = plot.x(static_cast<double>(point.step)), y = plot.y(point.loss);
    line += fmt::format("{:.1f},{:.1f} ", x, y);
    points += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"#d62728\"/>\n", x, y);
  }
  svg += fmt::format("<polyline fill=\"none\" stroke=\"#d62728\" stroke-opacity=\"0.5\" points=\"{}\"/>\n{}</svg>\n",
                     line, points);
  return svg;
}

std::vector<std::string> loss_lines(const LossCurve& curve, int width, int height) {
  static const char* const kEighths[] = {" ",      "\u2581", "\u2582", "\u2583", "\u2584",
                                         "\u2585", "\u2586", "\u2587", "\u2588"};
  constexpr int kLabel = 7;
  if (width <= kLabel || height < 1 || curve.training.empty()) return {};
  const int64_t steps = curve.training.back().step;  // the steps there are, a column each while they fit
  const int columns = static_cast<int>(std::min<int64_t>(width - kLabel, std::max<int64_t>(1, steps)));
  const std::vector<double> means = means_of(curve.training, steps, columns);
  Range range;
  for (const double mean : means) range.take(mean);
  if (range.empty()) return {};
  const double least = range.least - 0.05 * std::max(0.1, range.most - range.least),
               most = std::max(range.most, least + 1e-9);
  std::vector<std::string> lines;
  for (int row = height - 1; row >= 0; --row) {
    const bool labelled = row == height - 1 || row == 0 || row == height / 2;
    const double at = least + (most - least) * (row + (row == height - 1 ? 1.0 : row == 0 ? 0.0 : 0.5)) / height;
    std::string line = labelled ? fmt::format("{:6.3f} ", at) : std::string(kLabel, ' ');
    for (const double mean : means) {
      const double eighths = std::isfinite(mean) ? (mean - least) / (most - least) * height * 8 - row * 8 : 0;
      line += kEighths[std::clamp(static_cast<int>(std::lround(eighths)), 0, 8)];
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace ftok
