# Writes fold_table.inc: Unicode simple case folding, every code point that folds to another. Perl's own copy of CaseFolding.txt
# (C and S entries), so that the oracle and the product, whose table comes from Python's data, do not share a slip.
use strict;
use warnings;
use Unicode::UCD 'casefold';

print "// Written by fold_table.pl. {code point, what it folds to}\n";
my $column = 0;
for my $code (0 .. 0x10FFFF) {
  next if $code >= 0xD800 && $code < 0xE000;
  my $fold = casefold($code) or next;
  next if $fold->{simple} eq '' || hex($fold->{simple}) == $code;
  printf "{0x%X, 0x%s},%s", $code, $fold->{simple}, ++$column % 6 ? ' ' : "\n";
}
print "\n";
