# Sourced, in the project's folder, by what acts on a stack: goes on only where $stack names one, as NAME or
# ORGANIZATION/NAME. An empty --stack is the selected stack to Pulumi, so nothing may come after this line without one.
name=${stack##*/}
known=$(ls Pulumi.*.yaml | sed 's/^Pulumi\.\(.*\)\.yaml$/\1/' | tr '\n' ' ')
case $stack in
'') why="STACK is not set" ;;
*[!A-Za-z0-9._/-]* | -* | */*/* | */ | /* | */-*) why="STACK names no stack: it is $(printf %s "$stack" | LC_ALL=C tr -c '[:print:]' '?')" ;;
*) [ -f "Pulumi.$name.yaml" ] && why= || why="there is no stack $name: Pulumi.$name.yaml does not exist" ;;
esac
if [ -n "$why" ]; then
    echo "Nothing was done: $why." >&2
    echo "  Name one stack: STACK=NAME (here: ${known% }), or ORGANIZATION/NAME where the state's backend has organizations." >&2
    exit 2
fi
