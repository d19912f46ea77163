using System.Reflection;
using System.Xml.Linq;
using BlazeGateway.Policies.Pipeline;
using BlazeGateway.Profiling.Snapshots;

namespace BlazeGateway.Tests.Architecture;

/// <summary>What the libraries show to others is a promise: a change of it is a change of a file here, which somebody looks at.</summary>
public class PublicSurfaceTests
{
    /// <summary>Set to 1, it has the files written anew.</summary>
    private const string Update = "BLAZE_UPDATE_SURFACE";

    public static TheoryData<string> Assemblies => ["Gateway.Policies", "Gateway.Profiling"];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void It_is_what_was_approved(string name)
    {
        var path = Path.Combine(Repository.Root, "tests", "Gateway.Tests", "Architecture", name + ".txt");
        string[] shown = [.. PublicSurface.Of(Load(name))];
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            File.WriteAllLines(path, shown);
        }

        var approved = File.Exists(path) ? File.ReadAllLines(path) : [];
        var difference = Difference(approved, shown).ToList();
        Assert.True(difference.Count == 0, $"{name} shows something else than {path} says. If it is meant, run with {Update}=1 and look at the difference.\n{string.Join('\n', difference)}");
    }

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void All_of_it_is_documented(string name)
    {
        var documented = XDocument.Load(Path.ChangeExtension(Load(name).Location, ".xml")).Descendants("member")
            .Where(member => member.Elements().Any(element => element.Name.LocalName is "summary" or "inheritdoc"))
            .Select(member => member.Attribute("name")!.Value.Split('(')[0].Split("``")[0]).ToHashSet(StringComparer.Ordinal);
        Breaches.AssertNone(PublicSurface.DocumentedIds(Load(name)).Where(id => !documented.Contains(id)).Select(id => id + " has no summary"));
    }

    [Fact]
    public void A_difference_names_the_type_and_both_lines() => Assert.Equal(
        ["class A", "  -     int X()", "  +     int X(int y)", "+ class B", "  +     int Z()"],
        Difference(["class A", "    int W()", "    int X()"], ["class A", "    int W()", "    int X(int y)", "class B", "    int Z()"]),
        StringComparer.Ordinal);

    private static IEnumerable<string> Difference(IReadOnlyList<string> approved, IReadOnlyList<string> shown)
    {
        var (before, after) = (ByType(approved), ByType(shown));
        foreach (var type in before.Keys.Union(after.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (old, now) = (before.GetValueOrDefault(type), after.GetValueOrDefault(type));
            string[] lines = [.. (old ?? []).Except(now ?? [], StringComparer.Ordinal).Select(line => "  - " + line), .. (now ?? []).Except(old ?? [], StringComparer.Ordinal).Select(line => "  + " + line)];
            if (lines.Length > 0 || old is null || now is null)
            {
                yield return (old is null ? "+ " : now is null ? "- " : "") + type;
            }

            foreach (var line in lines)
            {
                yield return line;
            }
        }
    }

    private static Dictionary<string, HashSet<string>> ByType(IEnumerable<string> lines)
    {
        var types = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        HashSet<string>? members = null;
        foreach (var line in lines)
        {
            if (!line.StartsWith(' '))
            {
                types[line] = members = new HashSet<string>(StringComparer.Ordinal);
            }
            else
            {
                members!.Add(line);
            }
        }

        return types;
    }

    private static Assembly Load(string name) => name == "Gateway.Policies" ? typeof(AccessRecord).Assembly : typeof(MachineLimits).Assembly;
}
