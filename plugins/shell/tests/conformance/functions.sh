#### function
f() { echo "f $1"; }; f x
#### function keyword
function g { echo g; }; g
#### local
x=1; f() { local x=2; echo $x; }; f; echo $x
#### local default
f() { local a=${1:-d}; echo $a; }; f; f q
#### recursion
fact() { [ $1 -le 1 ] && echo 1 || echo $(($1 * $(fact $(($1 - 1))))); }; fact 5
#### return output
f() { echo out; return 3; }; x=$(f); echo "$x $?"
#### arguments
f() { echo $#; for a in "$@"; do echo "[$a]"; done; }; f "a b" c
#### dynamic scope
f() { g; }; g() { echo $v; }; v=1; f
#### function in pipeline
up() { tr a-z A-Z; }; echo abc | up
#### unset function
f() { echo f; }; unset -f f; f 2>/dev/null || echo gone
#### nameref
f() { local -n r=$1; r=changed; }; v=x; f v; echo $v
#### FUNCNAME
f() { echo ${FUNCNAME[0]}; }; f
#### getopts
while getopts "ab:" o -a -b val; do echo "$o ${OPTARG:-}"; done
#### source
echo 'y=5' > /tmp/begat_conf_$$; . /tmp/begat_conf_$$; echo $y; rm /tmp/begat_conf_$$
#### export to child
export V=child; bash -c 'echo $V'
#### readonly
readonly R=1; (R=2) 2>/dev/null; echo $? $R
#### declare integer
declare -i n; n=3+4; echo $n
#### declare upper
declare -u s; s=abc; echo $s
#### printf variable
printf -v out '%03d' 7; echo $out
#### command builtin
echo() { printf 'mine\n'; }; command echo real; unset -f echo
#### type
f() { :; }; type -t f; type -t cd; type -t if
