namespace BlazeGateway.Profiling.Tests.Collection;

/// <summary>A folder that stands for <c>/</c>.</summary>
internal sealed class FileRoot : IDisposable
{
    public FileRoot(params (string Path, string Text)[] files)
    {
        foreach (var (path, text) in files)
        {
            var file = System.IO.Path.Combine(Path, path);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("blaze-root-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
