#### array
a=(x y z); echo ${a[0]} ${a[2]} ${#a[@]}
#### append
a=(1); a+=(2 3); echo "${a[@]}"
#### assign element
a=(); a[2]=c; a[0]=a; echo "${a[@]}" ${#a[@]}
#### indices
a=([3]=x [7]=y); echo ${!a[@]}
#### slice
a=(a b c d e); echo ${a[@]:1:2} ${a[@]: -2}
#### negative
a=(1 2 3); echo ${a[-1]}
#### loop
a=("a b" c); for x in "${a[@]}"; do echo "[$x]"; done
#### unset element
a=(1 2 3); unset 'a[1]'; echo "${a[@]}" ${#a[@]}
#### length of element
a=(hello hi); echo ${#a[0]}
#### associative
declare -A m; m[k]=v; m[x y]=z; echo ${m[k]} "${m[x y]}" ${#m[@]}
#### associative literal
declare -A m=([a]=1 [b]=2); for k in a b; do echo $k=${m[$k]}; done
#### associative keys
declare -A m=([only]=1); echo ${!m[@]}
#### key exists
declare -A m=([a]=1); [[ -v m[a] ]] && echo yes; [[ -v m[b] ]] || echo no
#### mapfile
mapfile -t l < <(printf 'a\nb\n'); echo ${#l[@]} ${l[1]}
#### read array
read -ra p <<< "one two three"; echo ${p[1]}
#### replace in array
a=(xa xb); echo ${a[@]/x/y}
#### suffix in array
a=(f.txt g.txt); echo "${a[@]%.txt}"
#### star with IFS
a=(1 2 3); (IFS=,; echo "${a[*]}")
#### copy
a=(1 2); b=("${a[@]}"); b+=(3); echo ${#a[@]} ${#b[@]}
#### array from command
a=($(echo 1 2 3)); echo ${#a[@]}
