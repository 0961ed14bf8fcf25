#include "engine/match/internal/obstacles.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace tocsin::match {
namespace {

using content::Expr;
using content::Item;
using content::ValueTest;
using Obstacles = std::vector<Obstacle>;

// Of sides that must all hold, one without obstacles is enough to be found by.
void TakeSide(Obstacles side, bool any_is_enough, bool& free, Obstacles& out) {
  free |= any_is_enough && side.empty();
  std::move(side.begin(), side.end(), std::back_inserter(out));
}

Obstacle::Why WhyOf(const Item& item, const ValueTest& test) {
  using Kind = ValueTest::Kind;
  switch (test.kind) {
    case Kind::kNull: return Obstacle::Why::kNull;
    case Kind::kElements: return Obstacle::Why::kElements;
    case Kind::kExists: return test.boolean ? Obstacle::Why::kExists : Obstacle::Why::kMissing;
    case Kind::kRegex: return Obstacle::Why::kRegex;
    case Kind::kCidr: return Obstacle::Why::kNetwork;
    case Kind::kCompare: return Obstacle::Why::kCompare;
    case Kind::kFieldRef: return Obstacle::Why::kFieldRef;
    case Kind::kTimePart: return Obstacle::Why::kTimePart;
    case Kind::kPattern:
    case Kind::kBool: break;
  }
  return item.field.valid() ? Obstacle::Why::kText : Obstacle::Why::kKeyword;
}

Obstacles OfEntry(const WitnessChooser& chooser, const Item& item, const content::ValueTests& entry) {
  Obstacles out;
  for (const ValueTest& test : entry) {
    const std::optional<std::vector<Witness>> set = chooser.Choose(item, test);
    const bool found = set && std::none_of(set->begin(), set->end(), [](const Witness& each) { return each.kind == Witness::Kind::kPresent; });
    if (!found) out.push_back({WhyOf(item, test), &item, &test});
  }
  return out;
}

Obstacles OfItem(const WitnessChooser& chooser, const Item& item) {
  if (item.negated) return {{Obstacle::Why::kNegated, &item, nullptr}};
  Obstacles out;
  bool free = false;
  for (const auto& entry : item.values) TakeSide(OfEntry(chooser, item, entry), item.all, free, out);
  return free ? Obstacles() : out;
}

Obstacles OfExpr(const WitnessChooser& chooser, const Expr& expr, const content::Detection& detection) {
  switch (expr.kind) {
    case Expr::Kind::kSelection: return OfExpr(chooser, expr.children[0], detection);
    case Expr::Kind::kNot: return {{Obstacle::Why::kNot, nullptr, nullptr}};
    case Expr::Kind::kItem: return OfItem(chooser, detection.items[expr.item]);
    case Expr::Kind::kAnd:
    case Expr::Kind::kOr: break;
  }
  Obstacles out;
  bool free = false;
  for (const Expr& child : expr.children) TakeSide(OfExpr(chooser, child, detection), expr.kind == Expr::Kind::kAnd, free, out);
  return free ? Obstacles() : out;
}

}  // namespace

Obstacles FindObstacles(const WitnessChooser& chooser, const content::Detection& detection) { return OfExpr(chooser, detection.condition, detection); }

}  // namespace tocsin::match
