using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace BlazeGateway.Tests.Architecture;

/// <summary>What a project says it needs and what its assembly really names.</summary>
internal static class References
{
    /// <summary>Project or package references of a project file.</summary>
    public static IReadOnlyList<string> Declared(string projectXml, string kind) =>
    [
        .. XDocument.Parse(projectXml).Descendants(kind).Select(item => (string?)item.Attribute("Include") ?? "").Where(name => name.Length > 0)
            .Select(name => kind == "ProjectReference" ? System.IO.Path.GetFileNameWithoutExtension(name.Replace('\\', '/')) : name),
    ];

    /// <summary>Full names of the foreign types an assembly mentions, and the assemblies it refers to.</summary>
    public static IReadOnlySet<string> Mentioned(string assemblyPath)
    {
        using var stream = File.OpenRead(assemblyPath);
        using var image = new PEReader(stream);
        var metadata = image.GetMetadataReader();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var handle in metadata.TypeReferences)
        {
            var type = metadata.GetTypeReference(handle);
            names.Add(metadata.GetString(type.Namespace) + "." + metadata.GetString(type.Name));
        }

        foreach (var handle in metadata.AssemblyReferences)
        {
            names.Add(metadata.GetString(metadata.GetAssemblyReference(handle).Name));
        }

        return names;
    }

    public static IEnumerable<string> Unexpected(string subject, IEnumerable<string> actual, IReadOnlyCollection<string> allowed) =>
        actual.Where(name => !allowed.Contains(name, StringComparer.Ordinal)).Select(name => $"{subject} refers to {name}; allowed: {string.Join(", ", allowed)}");

    public static IEnumerable<string> Forbidden(string subject, IEnumerable<string> mentioned, IReadOnlyCollection<string> forbidden) =>
        from name in mentioned
        where forbidden.Any(prefix => name == prefix || name.StartsWith(prefix + ".", StringComparison.Ordinal))
        select $"{subject} mentions {name}";
}
