#### default value
x=; echo "${x:-none} ${y-unset} ${x-empty}"
#### assign default
echo "${v:=set}"; echo "$v"
#### alternative value
x=1; echo "${x:+yes}${y:+no}"
#### error when unset
(: "${nope:?missing}") 2>/dev/null; echo $?
#### length
s=hello; echo ${#s}
#### substring
s=abcdef; echo ${s:2} ${s:1:3} ${s: -2}
#### remove prefix
p=/a/b/c.txt; echo ${p#*/} ${p##*/}
#### remove suffix
p=/a/b/c.tar.gz; echo ${p%.*} ${p%%.*}
#### replace first
s=banana; echo ${s/a/o}
#### replace all
s=banana; echo ${s//a/o}
#### replace anchored
s=foofoo; echo ${s/#foo/bar} ${s/%foo/baz}
#### upper case
s=hello; echo ${s^} ${s^^}
#### lower case
s=HELLO; echo ${s,} ${s,,}
#### indirect
a=b; b=c; echo ${!a}
#### names by prefix
AA_1=x; AA_2=y; echo ${!AA_*}
#### arithmetic
echo $((2 + 3 * 4)) $(((2 + 3) * 4)) $((7 / 2)) $((7 % 3)) $((2 ** 10))
#### arithmetic variables
x=5; ((x += 2)); ((x++)); echo $x
#### arithmetic bases
echo $((0x1f)) $((010)) $((2#101))
#### arithmetic compare
echo $((3 > 2)) $((3 == 4)) $((1 && 0)) $((1 || 0)) $((!1))
#### arithmetic ternary
echo $((5 > 3 ? 10 : 20))
#### bit operators
echo $((6 & 3)) $((6 | 1)) $((6 ^ 3)) $((1 << 4)) $((~0))
#### command substitution
echo "$(echo inner)" `echo old`
#### nested substitution
echo $(echo $(echo deep))
#### substitution strips newlines
x=$(printf 'a\n\n\n'); echo "[$x]"
#### word splitting
x="a  b   c"; echo $x; echo "$x"
#### IFS
IFS=:; x=a:b:c; for p in $x; do echo "[$p]"; done
#### brace list
echo {a,b,c}.txt
#### brace range
echo {1..5} {a..e} {1..10..3}
#### brace nested
echo x{1,2{a,b}}y
#### brace padding
echo {01..03}
#### tilde in quotes
echo "~"
#### escapes in dollar quotes
printf '%s' $'a\tb\n'
#### single quotes in double
echo "it's"
#### quote removal
echo a"b"'c'\d
#### glob without match
echo /nowhere/*.xyz
#### positional
set -- a b c; echo $# $1 $3 "$@" "$*"
#### shift
set -- a b c; shift; echo $1 $#; shift 2; echo $#
#### quoted at
f() { echo $#; }; set -- "a b" c; f "$@"; f $@; f "$*"
#### default positional
echo "${1:-none}"
#### exit status
false; echo $?; true; echo $?
#### special zero
set -- x; echo ${#@}
