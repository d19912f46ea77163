using System.Globalization;

namespace BlazeGateway.Profiling.Collection;

/// <summary>The kernel's text files under a root of the caller's choice; an unreadable file is an empty one.</summary>
internal sealed class ProcFiles(string root)
{
    public bool Exists(string path) => File.Exists(Path.Combine(root, path));

    public string[] Lines(string path)
    {
        try
        {
            var file = Path.Combine(root, path);
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public string? Line(string path) => Lines(path) is [var first, ..] ? first.Trim() : null;

    public int? CountEntries(string path)
    {
        try
        {
            var folder = Path.Combine(root, path);
            return Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Count() : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A whole number, or null for words such as <c>max</c> and <c>unlimited</c>.</summary>
    public static long? Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
